"""What `manage.py` says to somebody who typed it in the wrong place: one sentence, what to do."""

import subprocess
import sys
from pathlib import Path

from tests.embedded.conftest import ROOT, environment


def said(*words: str, **more: str) -> tuple[int, str]:
    """How a command ended, and all that it said."""
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=environment(**more),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_python_without_django_is_told_which_one_has_it() -> None:
    code, words = said("-S", "manage.py", "doctor")
    assert code == 1
    assert words == (
        "This Python has no Django; `make run` made one that has: .venv/bin/python manage.py\n"
        if (ROOT / ".venv/bin/python").exists()
        else "Django is not installed here: run `make run`, or install requirements.txt.\n"
    )


def test_a_folder_without_a_desk_is_named_in_a_sentence(data_dir: Path) -> None:
    code, words = said("manage.py", "verify_timeline", DATA_DIR=str(data_dir))
    assert code == 1
    assert words.splitlines()[-1].startswith("This database lacks tables of the desk. Name the")
    assert "Traceback" not in words
    assert (
        "Traceback" in said("manage.py", "verify_audit", "--traceback", DATA_DIR=str(data_dir))[1]
    )
