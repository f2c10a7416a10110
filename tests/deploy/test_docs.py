"""The documentation: it builds without a dangling link, asks nobody for anything, and what it says
of settings, roles and commands is what the desk has."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from django.core.management import get_commands

from incidentdesk.kernel.roles import ROLES, Permission
from tests.fenced import DOCS, blocks_of

ROOT = DOCS.parent
PAGES = sorted(DOCS.rglob("*.md"))
TYPED = [*PAGES, ROOT / "README.md", ROOT / "SECURITY.md"]
# What a page fetches by itself; a link that one follows is none.
FETCHED = re.compile(
    r"""<(?:script|img|iframe|source)\b[^>]*?\bsrc=["']?([^"' >]+)"""
    r"""|<link\b[^>]*?\bhref=["']?([^"' >]+)"""
)
ASKED = re.compile(r"""\b(?:url|import)\(["']?(?:https?:)?//[^)]+\)""")
SETTING = re.compile(r'\b(?:environ\.get|[a-z_]+)\(\s*"([A-Z][A-Z_]{3,})"')


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documentation, built as `make docs` builds it."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    return folder


def test_every_page_is_built_and_stands_in_the_menu(site: Path) -> None:
    menu = (site / "404.html").read_text(encoding="utf-8")
    for page in PAGES:
        name = page.relative_to(DOCS).with_suffix(".html").as_posix()
        name = name.replace("README.html", "index.html")
        assert (site / name).is_file(), name
        assert f'href="{name}"' in menu or f'href="/{name}"' in menu or name == "index.html", name


def test_no_page_of_it_asks_a_third_party_for_anything(site: Path) -> None:
    fetched = {
        src or href
        for page in site.rglob("*.html")
        for src, href in FETCHED.findall(page.read_text(encoding="utf-8"))
    }
    assert len(fetched) > 10
    assert {one for one in fetched if re.match(r"(https?:)?//", one)} == set()
    styles = [path.read_text(encoding="utf-8") for path in site.rglob("*.css")]
    assert [found for text in styles for found in ASKED.findall(text)] == []


def test_a_link_to_a_file_that_is_not_in_the_checkout_ends_the_build() -> None:
    hook = runpy.run_path(str(ROOT / ".ci/docs.py"))["on_page_markdown"]
    page = SimpleNamespace(file=SimpleNamespace(src_uri="guides/responder.md"))
    assert hook("See [the proxy](../../deploy/nginx.conf).", page=page) == "See the proxy."
    assert hook("See [settings](../settings.md).", page=page) == "See [settings](../settings.md)."
    with pytest.raises(Exception, match=r"links to deploy/apache\.conf, which does not exist"):
        hook("See [the proxy](../../deploy/apache.conf).", page=page)


def test_the_menu_names_whole_folders_so_that_a_new_page_of_them_needs_no_word() -> None:
    said = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert {"- Runbooks: runbooks/*.md", "- Decisions: decisions/*.md"} <= {
        line.strip() for line in said.splitlines()
    }
    assert yaml.safe_load(said)["strict"] is True


def test_the_table_of_roles_is_what_the_roles_are() -> None:
    text = (DOCS / "roles.md").read_text(encoding="utf-8")
    for role in ROLES.values():
        assert f"| {role.label} | `{role.key}` | {role.words} |\n" in text
    rows = [
        f"| {right.value} | "
        + " | ".join("●" if right in role.permissions else " " for role in ROLES.values())
        + " |"
        for right in Permission
        if not right.name.startswith("PARTNER_")
    ]
    heads = "| may | " + " | ".join(role.label for role in ROLES.values()) + " |"
    assert "\n".join([heads, "|---|" + ":-:|" * len(ROLES), *rows, "", ""]) in text


def test_every_setting_that_is_read_is_documented() -> None:
    read = SETTING.findall((ROOT / "incidentdesk/settings.py").read_text(encoding="utf-8"))
    sessions = {f"SESSION_{what}_{who}" for what in ("IDLE", "LONGEST") for who in WHO}
    known = {name for name in read if name not in NOT_SET} | sessions
    table = [line for line in (DOCS / "settings.md").read_text().splitlines() if line[:3] == "| `"]
    documented = {name for line in table for name in re.findall(r"`([A-Z_]+)`", line.split("|")[1])}
    assert known == documented


@pytest.mark.parametrize("page", sorted((DOCS / "guides").glob("*.md")), ids=lambda path: path.stem)
def test_what_a_guide_says_that_one_presses_or_sees_is_a_word_of_the_desk(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    said = re.findall(r"\*\*([^*]+)\*\*", text) + re.findall(r"(?<!\*)\*([^*\n]+)\*(?!\*)", text)
    assert len(said) > 10
    assert [words for words in said if words not in _words_of_the_desk()] == []


@cache
def _words_of_the_desk() -> str:
    """All templates, scripts and modules; a sentence that a module breaks in two is made whole."""
    files = [
        path
        for folder in ("cases", "reviews", "partners", "notifications", "incidentdesk")
        for path in (ROOT / folder).rglob("*.py")
        if "migrations" not in path.parts
    ]
    files += [*(ROOT / "templates").rglob("*.*"), *(ROOT / "static").rglob("*.js")]
    whole = "\n".join(path.read_text(encoding="utf-8") for path in files)
    return re.sub(r'"\s*\n\s*f?"', "", whole)


WHO = ("STAFF", "ADMINISTRATOR", "PARTNER")
NOT_SET = {"OPTIONS", "PASSWORD"}  # keys of dictionaries in the same file


@pytest.mark.parametrize("page", TYPED, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_page_tells_to_type_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    commands = set(re.findall(r"manage\.py ([a-z_]+)", text))
    assert commands - set(get_commands()) == set()
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    made = re.findall(r"(?:`|^)(?:[A-Z_]+=\S+ )*make ([a-z]+)", text, re.MULTILINE)
    assert set(made) - targets == set()
    for block in blocks_of(text):
        done = subprocess.run(["bash", "-n", "-c", block.text], capture_output=True, text=True)
        assert done.returncode == 0, f"{page.name}:{block.line}: {done.stderr}"
