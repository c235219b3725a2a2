"""Two workers on one SQLite store, and what to try once they listen."""

import os

PORT = os.environ.get("PORT", "8000")
SITE = f"http://127.0.0.1:{PORT}"

bind = f"127.0.0.1:{PORT}"
workers = 2
worker_class = "gthread"
threads = 4
preload_app = True  # both workers start from one copy of the site
loglevel = "error"

WELCOME = f"""
Kestrel Valley is open:

{SITE}/en/

Try next
  The first request makes the page, the second takes it from the cache:
    curl -s -o /dev/null -D - {SITE}/en/walks/ | grep -i -e cache-status -e ^age
    curl -s -o /dev/null -D - {SITE}/en/walks/ | grep -i -e cache-status -e ^age
  Log in as the editor, change a page, a notice, an image or a setting, publish, and look with
  another browser at the pages that show it:
    {SITE}/admin/
    user editor, password kestrel

Stop with Ctrl-C. What was set up stays in example_wagtail/var.
"""


def when_ready(server):
    print(WELCOME, flush=True)
