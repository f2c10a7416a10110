"""Who may import whom: the contracts stand in pyproject.toml and are kept, and cover everything."""

from __future__ import annotations

import subprocess
import sys
import tomllib

from tests.architecture.source import PACKAGES, ROOT

LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
CONTRACTS = {contract["id"]: contract for contract in LINTER["contracts"]}


def _named(layer: str) -> list[str]:
    return [part.strip() for part in layer.replace("|", ":").split(":")]


def _children(package: str) -> set[str]:
    folder = ROOT / package
    return {f.stem for f in folder.glob("*.py") if f.stem != "__init__"} | {
        f.name for f in folder.iterdir() if f.is_dir() and any(f.rglob("*.py"))
    }


def test_every_contract_is_kept():
    command = "from importlinter.cli import lint_imports_command as run; run()"
    ran = subprocess.run(
        [sys.executable, "-c", command, "--no-logo", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_contracts_look_at_every_package_of_the_project():
    assert tuple(LINTER["root_packages"]) == PACKAGES
    with_python = {f.name for f in ROOT.iterdir() if f.is_dir() and (f / "__init__.py").exists()}
    assert with_python - {"bench", "tests"} == set(PACKAGES)


def test_every_module_of_a_package_stands_in_that_package_s_own_contract():
    placed = {
        container: {name for layer in contract["layers"] for name in _named(layer)}
        for contract in CONTRACTS.values()
        for container in contract.get("containers", [])
    }
    assert {container for container in placed if "." not in container} == set(PACKAGES)
    assert placed == {container: _children(container.replace(".", "/")) for container in placed}
    assert all(c["exhaustive"] for c in CONTRACTS.values() if "containers" in c)


def test_every_part_of_a_package_that_is_split_stands_between_the_packages():
    placed = {name for layer in CONTRACTS["packages"]["layers"] for name in _named(layer)}
    split = {
        f"{package}.{child}"
        for package in ("incidentdesk", "partners")
        for child in _children(package)
    }
    assert placed == split | {"cases", "reviews", "notifications"}


def test_only_the_doors_are_excepted():
    excepted = {c["id"]: set(c.get("ignore_imports", [])) for c in CONTRACTS.values()}
    assert {key: doors for key, doors in excepted.items() if doors} == {
        "guardian": {
            "incidentdesk.kernel.grants -> guardian",
            "partners.models.permission -> guardian",
            "cases.models.permission -> guardian",
        },
        "celery": {
            "incidentdesk.celery -> celery",
            "incidentdesk.kernel.worker -> celery",
        },
    }
