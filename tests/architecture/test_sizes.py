"""Small is measured: modules, functions, names, docstrings."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.source import ROOT, everything, modules

LONGEST_MODULE = 300
LONGEST_FUNCTION = 39
LONGER_ON_PURPOSE = {
    "incidentdesk/settings.py": 450,  # one file by design; a list of values without rules
}
FORBIDDEN_NAMES = {"utils", "helpers", "common", "services", "managers", "misc", "base"}


def _code():
    return [module for module in everything() if not module.is_migration]


def test_every_module_is_short():
    found = {m.file: m.lines for m in _code()}
    too_long = {
        file: lines
        for file, lines in found.items()
        if lines > LONGER_ON_PURPOSE.get(file, LONGEST_MODULE)
    }
    assert too_long == {}
    assert [file for file in LONGER_ON_PURPOSE if found[file] <= LONGEST_MODULE] == []


def test_every_function_is_short():
    too_long = {
        f"{module.file}:{node.lineno} {node.name}": length
        for module in _code()
        for node in module.functions()
        if (length := (node.end_lineno or 0) - node.lineno + 1) > LONGEST_FUNCTION
    }
    assert too_long == {}


def test_most_functions_are_very_short():
    lengths = sorted(
        (node.end_lineno or 0) - node.lineno + 1 for m in modules() for node in m.functions()
    )
    assert lengths[len(lengths) // 2] <= 12
    assert lengths[len(lengths) * 9 // 10] <= 27


def test_no_module_has_a_name_that_says_nothing():
    named = {m.file for m in everything() for part in m.name.split(".") if part in FORBIDDEN_NAMES}
    assert named == {"incidentdesk/embedded/postgresql/base.py"}  # Django looks for that name


def test_every_module_class_and_public_function_says_what_it_is():
    """Nested ones, methods of Django and migrations excepted, as the lint rule has it."""
    silent = {
        f"{module.file}:{getattr(node, 'lineno', 1)} {getattr(node, 'name', 'module')}"
        for module in modules()
        for node in [module.tree, *module.tree.body]
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and not getattr(node, "name", "").startswith("_")
        and not ast.get_docstring(node)
        and not module.file.endswith("/apps.py")
        and not (isinstance(node, ast.Module) and module.lines == 0)
    }
    assert silent == set()


def test_every_signature_has_its_types():
    untyped = {
        f"{module.file}:{node.lineno} {node.name}"
        for module in modules()
        for node in module.functions()
        if node.returns is None
        or any(
            argument.annotation is None and argument.arg not in ("self", "cls")
            for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        )
    }
    assert untyped == set()


@pytest.mark.parametrize("package", ["cases", "partners", "reviews", "notifications"])
def test_apps_are_plural_and_keep_their_models_in_one_folder(package):
    defined = {
        module.file
        for module in modules(package)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
        and any(ast.unparse(parent).endswith("models.Model") for parent in node.bases)
    }
    assert defined
    assert {file for file in defined if not file.startswith(f"{package}/models/")} == set()
    assert not (ROOT / package / "models.py").exists()
