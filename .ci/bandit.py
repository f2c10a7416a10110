"""Bandit over our code: fails on every finding, medium or worse, that nobody has answered for.

A line answers with the `noqa: S608 -- why` that it needs for ruff anyhow, whose numbers are
bandit's, or with `nosec B608 -- why` where ruff sees nothing; what ruff is told to pass over as a
file (pyproject.toml says why) is passed over here.
"""

import fnmatch
import json
import subprocess
import sys
import tomllib
from pathlib import Path

PACKAGES = ("incidentdesk", "cases", "partners", "reviews", "notifications", "manage.py")
SAME = {"703": "308"}  # of two looks at mark_safe ruff has one
ruff = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]["lint"]


def is_answered(found: dict) -> bool:
    """Whether the code, or a line of pyproject.toml, says why it is so."""
    number = found["test_id"][1:]
    rule = f"S{SAME.get(number, number)}"
    file = found["filename"].removeprefix("./")
    for pattern, rules in ruff["per-file-ignores"].items():
        if fnmatch.fnmatch(file, pattern) and rule in rules:
            return True
    lines = Path(file).read_text(encoding="utf-8").splitlines()
    first, last = min(found["line_range"]), max(found["line_range"])
    return any("noqa" in line and rule in line for line in lines[first - 1 : last + 1])


done = subprocess.run(  # noqa: S603 -- words of ours
    [sys.executable, "-m", "bandit", "-q", "-r", *PACKAGES, "-ll", "-f", "json"],
    capture_output=True,
    text=True,
    check=False,
)
told = json.loads(done.stdout)
left = [found for found in told["results"] if not is_answered(found)]
for found in left:
    print(f"{found['filename']}:{found['line_number']} {found['test_id']} {found['issue_text']}")
for error in told["errors"]:
    print(f"{error['filename']} was not read: {error['reason']}")
answered = len(told["results"]) - len(left)
print(f"bandit: {answered} findings answered for in the code, {len(left)} not")
sys.exit(bool(left or told["errors"]))
