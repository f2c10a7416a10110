"""The table of faults: a plugin of pytest that prints which were caused, and what became of it.

`make faults` loads it. Tests are marked with the number of their fault; FAULTS_TABLE names a file
to write the table to as well.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

FAULTS = {
    "F1": "kill -9 of the sender between its commit and DATA",
    "F2": "kill -9 of the sender after the server took the message, before that is written down",
    "F3": "kill -9 of the scheduler in the middle of a step",
    "F4": "kill -9 of every process, a start after a while",
    "F5": "kill -9 of the web during a POST",
    "F6": "Redis stopped, flushed or full",
    "F7": "PostgreSQL killed or its connections cut in the middle of a transaction",
    "F8": "the database is read-only or full",
    "F9": "a lock that is held, slow queries",
    "F10": "an exception after any statement of a transaction",
    "F11": "SMTP refuses the connection",
    "F12": "SMTP greylists: 421, 451",
    "F13": "SMTP refuses for good: 550, 552",
    "F14": "SMTP accepts and hangs",
    "F15": "TLS stripped or its certificate expired",
    "F16": "a webhook's receiver fails, redirects inwards, drips",
    "F17": "the same event many times at once",
    "F18": "events out of order",
    "F19": "10,000 alerts a minute",
    "F20": "a storm of many keys with one cause",
    "F21": "clocks jump, or differ between machines",
    "F22": "daylight saving begins and ends within a rota",
    "F23": "leap day, ends of months and years",
    "F24": "a step with nobody to page",
    "F25": "acknowledgements at once; a scanner follows the link",
    "F26": "a provider says “sent” and never delivers",
    "F27": "a source falls silent",
    "F28": "a part of the desk stops and the web lives on",
    "F29": "migrations forth and back with rows on the way",
    "F30": "a restore of an older backup",
    "F31": "poisoned bodies",
    "F32": "mail loops",
    "F33": "the name of the mail server is not known",
    "F34": "a process is killed for its memory",
    "F35": "the network between the desk and its database is cut",
}
WHOLE_DESKS = ("test_processes.py", "test_drill.py", "test_storm.py")


@dataclass
class Caused:
    """A test of a fault, and what became of it."""

    what: str
    test: str
    result: str = "not run"
    figures: list[str] = field(default_factory=list)


_caused: dict[str, list[Caused]] = {}
_by_test: dict[str, list[Caused]] = {}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Note which tests cause which fault; those with several sets of values are one.

    Those of whole desks, which wait for processes, go first.
    """
    items.sort(key=lambda item: item.path.name not in WHOLE_DESKS)
    for item in items:
        for marker in item.iter_markers("fault"):
            number, what = marker.args
            name = item.nodeid.partition("[")[0]
            known = _caused.setdefault(number, [])
            one = next((c for c in known if c.test == name), None)
            if one is None:
                one = Caused(what, name)
                known.append(one)
            _by_test.setdefault(item.nodeid, []).append(one)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A failure of any set of values, or on the way in or out, is a failure."""
    for one in _by_test.get(report.nodeid, []):
        if report.failed:
            one.result = "FAILED"
        elif report.skipped:
            one.result = "not run" if one.result != "FAILED" else one.result
        elif report.when == "call" and one.result != "FAILED":
            one.result = "passed"
        if report.when == "call":
            one.figures += [str(v) for k, v in report.user_properties if k == "figure"]


def lines() -> Iterator[tuple[str, str, str, str]]:
    """Fault, what was done, result, test."""
    for number, words in FAULTS.items():
        tests = _caused.get(number, [])
        if not tests:
            yield number, words, "not run, because its tests were not chosen", ""
        for one in tests:
            figures = f" ({'; '.join(one.figures)})" if one.figures else ""
            yield number, f"{words}: {one.what}", f"{one.result}{figures}", one.test


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print it, and write it where FAULTS_TABLE says."""
    terminalreporter.section("faults")
    for number, what, result, _ in lines():
        terminalreporter.write_line(f"{number:<4} {result:<40} {what}")
    if path := os.environ.get("FAULTS_TABLE"):
        file = Path(path)
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        file.write_text(document(before), encoding="utf-8")


def document(before: str = "") -> str:
    """The table as a page; a test that did not run keeps its row of the page before."""
    rows = dict(_rows(before))
    for number, what, result, test in lines():
        if test and (not result.startswith("not run") or (number, test) not in rows):
            rows[number, test] = f"| {number} | {what} | {result} | `{test}` |"
    for number, words in FAULTS.items():
        if not any(known == number for known, _ in rows):
            rows[number, ""] = f"| {number} | {words} | not run |  |"
    order = list(FAULTS)
    ordered = sorted(rows, key=lambda key: (order.index(key[0]), rows[key]))
    return "\n".join([HEAD, *(rows[key] for key in ordered), ""])


def _rows(page: str) -> Iterator[tuple[tuple[str, str], str]]:
    """The rows of a page that was written before, by fault and test."""
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) == 6 and cells[1] in FAULTS and cells[4]:
            yield (cells[1], cells[4].strip("`")), line


HEAD = """# Faults that the desk survives

Written by `FAULTS_TABLE=docs/faults.md make faults`; each row is of the last run of its test. Each
test asserts, where it has rows to look at, that no accepted event is without an outcome, no open
and unacknowledged incident without an attempt to page within its limit, no message sent more often
than once and the stated repeats, and every timeline whole (`tests/faults/promises.py`).

| | fault and how it is caused | result | test |
|---|---|---|---|"""
