"""Every fault of the table is caused by a test, or says why not."""

from __future__ import annotations

import ast

from tests.architecture.source import ROOT
from tests.faults.table import FAULTS


def marked() -> dict[str, set[str]]:
    """The tests that are marked with each number."""
    found: dict[str, set[str]] = {}
    for file in (ROOT / "tests").rglob("test_*.py"):
        text = file.read_text(encoding="utf-8")
        if "mark.fault" in text:
            for node in ast.walk(ast.parse(text)):
                for number in _numbers(node):
                    name = f"{file.relative_to(ROOT)}::{node.name}"
                    found.setdefault(number, set()).add(name)
    return found


def _numbers(node: ast.AST) -> list[str]:
    """The faults that a test is marked with."""
    marks = node.decorator_list if isinstance(node, ast.FunctionDef) else []
    calls = [mark for mark in marks if isinstance(mark, ast.Call)]
    mine = [call for call in calls if ast.unparse(call.func) == "pytest.mark.fault"]
    return [ast.literal_eval(call.args[0]) for call in mine]


def test_each_fault_has_a_test():
    assert list(FAULTS) == [f"F{number}" for number in range(1, 36)]
    assert set(marked()) == set(FAULTS)


def test_the_table_names_exactly_the_tests_that_there_are_and_all_passed():
    named: dict[str, set[str]] = {}
    results = []
    for line in (ROOT / "docs/faults.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("| F"):
            _, number, _, result, test, _ = (cell.strip() for cell in line.split("|"))
            results.append(result.partition(" (")[0])
            for one in test.split(", "):
                named.setdefault(number, set()).add(one.strip("`"))
    assert named == marked()
    assert set(results) <= {"passed", "in the suite"}
