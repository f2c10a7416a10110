"""Every fault of the table is caused by a test, or says why not."""

from __future__ import annotations

import ast

from tests.architecture.source import ROOT
from tests.faults.table import FAULTS, NOT_RUN


def marked() -> set[str]:
    """The numbers that tests are marked with."""
    found = set()
    for file in (ROOT / "tests").rglob("test_*.py"):
        text = file.read_text(encoding="utf-8")
        if "mark.fault" in text:
            found |= {
                ast.literal_eval(node.args[0])
                for node in ast.walk(ast.parse(text))
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.fault"
            }
    return found


def test_each_fault_has_a_test_or_a_reason():
    assert list(FAULTS) == [f"F{number}" for number in range(1, 36)]
    assert marked() & set(NOT_RUN) == set()
    assert marked() | set(NOT_RUN) == set(FAULTS)
