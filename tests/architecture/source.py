"""The project's own source, read once as syntax trees; what the architecture tests ask about it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("incidentdesk", "cases", "partners", "reviews", "notifications")


@dataclass(frozen=True)
class Module:
    """One Python file of the project."""

    path: Path
    tree: ast.Module

    @property
    def file(self) -> str:
        """Its path from the project's root."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def name(self) -> str:
        """Its dotted name."""
        parts = self.path.relative_to(ROOT).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def is_migration(self) -> bool:
        """Written by Django, mostly."""
        return "migrations" in self.path.parts

    @property
    def lines(self) -> int:
        """How long it is."""
        return len(self.path.read_text(encoding="utf-8").splitlines())

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Every function and method in it."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node

    def calls(self) -> Iterator[tuple[str, ast.Call]]:
        """Every call in it with the dotted words before its bracket: `transaction.on_commit`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                yield ast.unparse(node.func), node

    def imported(self) -> set[str]:
        """Every dotted name that it imports: modules, and names out of modules."""
        found: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found |= {node.module} | {f"{node.module}.{a.name}" for a in node.names}
        return found


@cache
def modules(*packages: str, migrations: bool = False) -> tuple[Module, ...]:
    """The modules of these packages (all five by default)."""
    files = sorted(f for p in packages or PACKAGES for f in (ROOT / p).rglob("*.py"))
    read = (Module(file, ast.parse(file.read_text(encoding="utf-8"))) for file in files)
    return tuple(m for m in read if migrations or not m.is_migration)


def everything() -> tuple[Module, ...]:
    """All Python of the project that is not a test: packages, migrations, bench, manage.py."""
    more = [ROOT / "manage.py", *sorted((ROOT / "bench").rglob("*.py"))]
    return (
        *modules(migrations=True),
        *(Module(f, ast.parse(f.read_text(encoding="utf-8"))) for f in more),
    )
