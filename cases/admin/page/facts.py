"""The figures of a facts package as its page lists them."""

from __future__ import annotations

from typing import Any

from django.utils.text import capfirst

from cases.models import FactsPackage
from cases.regulation import lines

NUMBERS = (
    "downtime_minutes",
    "clients",
    "clients_share",
    "transactions",
    "transactions_share",
    "value_eur",
)


def figures(package: FactsPackage) -> list[tuple[str, str]]:
    """Each with its words; "" is not known."""
    found = []
    for name in NUMBERS:
        value = getattr(package, name)
        field: Any = FactsPackage._meta.get_field(name)
        words = str(capfirst(field.verbose_name))
        found.append((words, "" if value is None else f"{value:,}"))
    return found


def whole(package: FactsPackage) -> dict[str, Any]:
    """The package with its figures, its fields and what it leaves open, from the row alone."""
    return {
        "package": package,
        "figures": figures(package),
        "lines": lines.known(package.stage, package.report),
        "missing": package.missing,
    }
