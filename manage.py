#!/usr/bin/env python
"""The command line of the desk: `python manage.py desk` starts it, `help` lists the rest."""

import os
import sys
from pathlib import Path

from incidentdesk.embedded.errors import EmbeddedError

NO_TABLE = "42P01"  # PostgreSQL's word for a table that is not there
NO_DESK = (
    "This database lacks tables of the desk. Name the folder of your desk in DATA_DIR, as when you "
    "started it, or migrate the database (--traceback shows where it ended)."
)


def main() -> None:
    """Runs the command; what the embedded servers cannot do is one sentence."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "incidentdesk.settings")
    try:
        from django.core.management import execute_from_command_line  # noqa: PLC0415
        from django.db import ProgrammingError  # noqa: PLC0415
    except ImportError:
        sys.exit(_without_django())
    try:
        execute_from_command_line(sys.argv)
    except EmbeddedError as error:
        sys.exit(str(error))
    except ProgrammingError as error:
        if getattr(error.__cause__, "pgcode", "") != NO_TABLE or "--traceback" in sys.argv:
            raise
        sys.exit(NO_DESK)


def _without_django() -> str:
    """Of a Python that lacks it: which one has it, or how to get one that does."""
    if (Path(__file__).parent / ".venv/bin/python").exists():
        return "This Python has no Django; `make run` made one that has: .venv/bin/python manage.py"
    return "Django is not installed here: run `make run`, or install requirements.txt."


if __name__ == "__main__":
    main()
