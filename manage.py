#!/usr/bin/env python
"""The command line of the desk: `python manage.py desk` starts it, `help` lists the rest."""

import os
import sys

from incidentdesk.embedded.errors import EmbeddedError


def main() -> None:
    """Runs the command; what the embedded servers cannot do is one sentence."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "incidentdesk.settings")
    try:
        from django.core.management import execute_from_command_line  # noqa: PLC0415
    except ImportError:
        sys.exit("Django is not installed here: run `make run`, or install requirements.txt.")
    try:
        execute_from_command_line(sys.argv)
    except EmbeddedError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
