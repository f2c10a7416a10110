"""Every fault of the table is caused by a test, or says why not."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.architecture.source import ROOT
from tests.faults.table import FAULTS

# Who may leave `make test` is decided here: nothing of isolation, of gates or of what people are
# told does.
LONG = {
    "tests/architecture/test_migrations.py",
    "tests/deploy/test_newcomer.py",
    "tests/embedded/test_desk.py",
    "tests/journeys/test_pages.py",
    "tests/kernel/test_rendering.py",
}


def marked() -> dict[str, set[str]]:
    """The tests that are marked with each number."""
    found: dict[str, set[str]] = {}
    for file in (ROOT / "tests").rglob("test_*.py"):
        text = file.read_text(encoding="utf-8")
        if "mark.fault" in text:
            tests = _tests(ast.parse(text))
            for name, number in tests:
                found.setdefault(number, set()).add(f"{file.relative_to(ROOT)}::{name}")
    return found


def _tests(module: ast.Module) -> Iterator[tuple[str, str]]:
    """The tests of a module, each with a fault that it, or all of the module, is marked with."""
    functions = [node for node in module.body if isinstance(node, ast.FunctionDef)]
    tests = [node for node in functions if node.name.startswith("test_")]
    of_all = [node.value for node in module.body if isinstance(node, ast.Assign)]
    for test in tests:
        for mark in (*test.decorator_list, *of_all):
            for call in ast.walk(mark):
                if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.fault":
                    yield test.name, ast.literal_eval(call.args[0])


def test_each_fault_has_a_test():
    assert list(FAULTS) == [f"F{number}" for number in range(1, 36)]
    assert set(marked()) == set(FAULTS)


def test_the_table_names_exactly_the_tests_that_there_are_and_none_failed():
    named: dict[str, set[str]] = {}
    results = []
    for line in (ROOT / "docs/faults.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("| F"):
            _, number, _, result, test, _ = (cell.strip() for cell in line.split("|"))
            results.append(result.partition(" (")[0])
            for one in test.split(", "):
                named.setdefault(number, set()).add(one.strip("`"))
    assert named == marked()
    assert set(results) <= {"passed", "in the suite", "not run"}


def test_what_is_left_out_of_make_test_is_run_by_make_faults():
    texts = {file: file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("test_*.py")}
    long = {str(file.relative_to(ROOT)) for file, text in texts.items() if "mark.long" in text}
    assert long - {"tests/architecture/test_faults.py"} == LONG
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert makefile.count('-m "not long"') == 2
    recipe = makefile.partition("\nfaults:")[2].partition("\n\n")[0]
    for chosen in ("-m fault tests", "--ignore=tests/journeys tests", "tests/journeys"):
        assert f"{chosen}\n" in f"{recipe}\n"
    assert recipe.count('-m "long and not fault"') == 2
    out = {word for word in makefile.split() if word.startswith(("--ignore", "--deselect"))}
    assert out == {"--ignore=tests/journeys", "--ignore=tests/faults"}
