"""Django's command line for the demo site: .venv/bin/python example/manage.py help."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "townsite.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
