"""Django's commands for the Wagtail example: .venv/bin/python example_wagtail/manage.py help."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "valleysite.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
