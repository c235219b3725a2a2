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
accesslog = os.environ.get("ACCESS_LOG")
access_log_format = "%(p)s %(s)s %(r)s"

WELCOME = f"""
Ellerbrück is open:

{SITE}/

Try next
  The first request makes the page, the second takes it from the cache:
    curl -s -o /dev/null -D - {SITE}/en/library/ | grep -i -e cache-status -e ^age
    curl -s -o /dev/null -D - {SITE}/en/library/ | grep -i -e cache-status -e ^age
  Each part of the town reads its own notice, each from its own entry:
    curl -s -H 'X-Region: north' {SITE}/en/ | grep -A3 data-region
  Never cached, for it is out of date at once:
    curl -s -o /dev/null -D - {SITE}/en/services/citizens-office/waiting-time/ | grep -i ^cache
  Log in as the editor, press New draft, change a text, press Publish, and look at the page
  with another browser:
    {SITE}/en/admin/login/?next=/en/news/
    user editor, password ellerbrueck

Stop with Ctrl-C. What was set up stays in example/var.
"""


def when_ready(server):
    print(WELCOME, flush=True)
