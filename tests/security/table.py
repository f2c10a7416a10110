"""The page of the checks: which there are, which tests prove each, and what is still open.

`python -m tests.security.table` writes `docs/security/checks.md`. Tests are marked with
`asvs(ids, number)` and `mistake(number)`; an architecture test holds the page against the marks.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from tests.architecture.source import ROOT

PAGE = ROOT / "docs/security/checks.md"


@dataclass(frozen=True)
class Check:
    """One of the forty: its ASVS 5.0 ids, its words, and what is not done or not tested of it."""

    ids: str
    words: str
    left: str = ""


CHECKS = {
    1: Check("8.2.2", "an object is reached by its id with a right only"),
    2: Check("8.4.1", "nothing of one partner reaches another"),
    3: Check("8.2.1", "every function asks for its permission; a new door without one fails"),
    4: Check("8.2.3", "fields that are internal stay inside"),
    5: Check("8.3.1", "what a page does not offer is refused by the server"),
    6: Check("15.3.3", "no field can be slipped in"),
    7: Check("15.3.1", "answers hold the fields that they need and no others"),
    8: Check("2.3.1", "the order of the phases cannot be skipped"),
    9: Check("2.3.3", "a transaction happens whole or not at all"),
    10: Check("2.3.4", "nothing is claimed twice"),
    11: Check(
        "2.4.1", "machines are slowed down", "search and exports by people have no rate limit"
    ),
    12: Check("2.2.1 2.2.2", "the server validates what is sent"),
    13: Check(
        "1.2.1 1.3.1", "what is typed is shown as words", "pages are read, not run in a browser"
    ),
    14: Check("1.3.1 1.3.5", "Markdown is sanitised; its links run nothing"),
    15: Check("1.3.7", "no template is made of what is typed"),
    16: Check("1.3.11", "no mail header can be smuggled in"),
    17: Check(
        "1.3.6 13.2.4 13.2.5",
        "outgoing calls reach the public internet, or what a setting names",
    ),
    18: Check("15.3.2", "no outgoing call follows a redirect"),
    19: Check(
        "1.2.4", "queries take parameters", "no run of sqlmap; ruff's S608 and this test only"
    ),
    20: Check("1.2.2 3.7.2", "no parameter leads elsewhere"),
    21: Check("1.5.1 1.5.2", "no entities and no objects out of what is read"),
    22: Check("5.2.1 5.2.3", "uploads are bounded; archives are not unpacked"),
    23: Check("5.2.2 5.4.1 5.4.2 3.2.1", "a file is a download that nothing renders or runs"),
    24: Check("5.3.2", "no path comes from what is sent"),
    25: Check(
        "6.3.1 6.1.1",
        "guessing is slowed down and locks nobody out",
        "an owner on a new device waits while somebody else tries, or sets a new password by mail",
    ),
    26: Check("6.3.3", "a second factor for staff and partners' administrators"),
    27: Check("6.5.1 6.5.5", "codes work once and shortly"),
    28: Check(
        "6.4.1 6.4.3", "links to reset and to join: once, for a while, of the configured host"
    ),
    29: Check("6.2.1-6.2.12", "passwords: long and not common, and no other rule"),
    30: Check(
        "7.2.4 7.4.1 7.4.2",
        "a login gives a new session; an end ends all of them",
    ),
    31: Check(
        "7.3.1 7.3.2 7.5.1",
        "sessions end after a while; sensitive changes ask who is there",
    ),
    32: Check("3.3.1-3.3.4", "cookies: __Host-, Secure, HttpOnly, SameSite"),
    33: Check(
        "3.4.1-3.4.6",
        "headers that protect, on every answer",
        "the theme of the desk's own pages needs unsafe-eval, and unsafe-inline for styles",
    ),
    34: Check("3.5.1 3.5.3", "no form from elsewhere; reading changes nothing"),
    35: Check("4.1.3 15.3.4", "no header says who or from where somebody is"),
    36: Check("11.5.1 7.2.3 11.4.2", "secrets are random, long, and stored as digests"),
    37: Check("14.2.1 14.3.2", "no secret in an address that is kept; nothing kept on the way"),
    38: Check(
        "16.2.1-16.2.5 16.4.1 16.4.2",
        "who, what, when; nothing of it can be altered",
    ),
    39: Check(
        "16.3.1-16.3.4 16.5.1-16.5.3",
        "logins and refusals are recorded; errors say nothing",
    ),
    40: Check(
        "12.2.1 12.3.1 12.3.2 13.4.2 15.1.2",
        "TLS is verified; nothing starts with the secrets of a demo",
        "known weaknesses are looked for where the index of packages knows them",
    ),
}

MISTAKES = {
    1: "DFIR-IRIS CVE-2026-22783: a field for a stored path, then delete: any file",
    2: "DFIR-IRIS CVE-2026-42540: altered API requests change other data",
    3: "DFIR-IRIS bcdd9f2d: alerts built by joining strings run scripts",
    4: "Dispatch CVE-2023-40171: the secret of tokens in an error text",
    5: "Dispatch 2b76d9d41, 3d2d5246f: tasks without a permission, joining by oneself",
    6: "Dispatch c1626bfde: templates of messages evaluate what is typed",
    7: "django-helpdesk 360bace4, c54b89f1: parts of mails and links of Markdown run scripts",
    8: "Zammad CVE-2026-34722: making a thing with a link to one that one may not see",
    9: "Zammad CVE-2026-34720: anybody may send the header of single sign-on",
    10: "OTRS CVE-2026-48187: mail without limits stops the web",
    11: "FlowIntel CVE-2026-9813: calls to addresses inside",
    12: "Healthchecks fb527e4e: another's channel is attached by its id",
    13: "Healthchecks 7252f2f1: after the login one is elsewhere",
    14: "Healthchecks eafff677: a scanner follows a link and something happens",
    15: "Healthchecks curl.py, done right: the address is judged when the socket opens",
    16: "Zendesk 2025: confirmations to any address that somebody typed",
    17: "Zendesk 2024: a spoofed mail and a copy take a ticket over",
    18: "osTicket: a shared link never ends; a number and an address are enough",
    19: "osTicket 2013: encryption that fails open",
    20: "GLPI CVE-2026-22248: an upload makes objects",
    21: "CPython CVE-2024-6923, CVE-2026-1299: mail headers of the standard library",
    22: "CWE-1236: formulas in exports",
    23: "Django CVE-2011-4139, CVE-2012-4520: a poisoned host in the mail of a reset",
}


def marked() -> tuple[dict[int, list[str]], dict[int, list[str]], dict[str, set[tuple[str, int]]]]:
    """Tests by check, tests by mistake, and the ids that each test names with its numbers."""
    checks: dict[int, list[str]] = {}
    mistakes: dict[int, list[str]] = {}
    named: dict[str, set[tuple[str, int]]] = {}
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        text = file.read_text(encoding="utf-8")
        if "mark.asvs" not in text and "mark.mistake" not in text:
            continue
        for test, mark, values in _marks(ast.parse(text)):
            name = f"{file.relative_to(ROOT)}::{test}"
            if mark == "asvs":
                checks.setdefault(values[1], []).append(name)
                named.setdefault(name, set()).add((values[0], values[1]))
            else:
                mistakes.setdefault(values[0], []).append(name)
    return checks, mistakes, named


def _marks(module: ast.Module) -> Iterator[tuple[str, str, list[int | str]]]:
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            for mark in node.decorator_list:
                kind = ast.unparse(mark.func) if isinstance(mark, ast.Call) else ""
                if kind in ("pytest.mark.asvs", "pytest.mark.mistake"):
                    values = [ast.literal_eval(value) for value in mark.args]
                    yield node.name, kind.rsplit(".", 1)[1], values


def status(number: int, tests: list[str]) -> str:
    """`done` has a test and nothing left; `open` has no test."""
    return "open" if not tests else "partly" if CHECKS[number].left else "done"


def document() -> str:
    """The page."""
    checks, mistakes, _ = marked()
    rows = [
        f"| {number} | {check.ids.replace(' ', ', ')} | {check.words} | "
        f"{status(number, checks.get(number, []))}{': ' * bool(check.left)}{check.left} | "
        f"{_listed(checks.get(number, []))} |"
        for number, check in CHECKS.items()
    ]
    others = [
        f"| {number} | {words} | {_listed(mistakes.get(number, [])) or 'open'} |"
        for number, words in MISTAKES.items()
    ]
    return "\n".join([HEAD, *rows, "", MIDDLE, *others, ""])


def _listed(tests: list[str]) -> str:
    return "<br>".join(f"`{test.removeprefix('tests/')}`" for test in sorted(tests))


HEAD = """# Checks of security

Written by `python -m tests.security.table` from the marks on the tests; a test holds this page
against them. The ids are of OWASP ASVS 5.0. **done**: tests prove it. **partly**: tests prove what
is there, and the words say what is not there or has no test. **open**: no test proves it. The tests
lie under `tests/`, and all of them run in `make test`.

| # | ASVS | check | status | tests |
|---|---|---|---|---|"""
MIDDLE = """## What went wrong elsewhere

Mistakes of other software of this kind; each has a test that would fail if the desk made it.

| # | what went wrong | tests |
|---|---|---|"""


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(document(), encoding="utf-8")
