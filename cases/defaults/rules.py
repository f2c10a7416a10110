"""How the shipped rules of regimes are written: within a limit, at once, or always."""

from __future__ import annotations

from typing import Any

HOUR, DAY = 60, 24 * 60
MINUTES, DAYS, BUSINESS_DAYS, MONTHS = (
    "minutes",
    "calendar_days",
    "business_days",
    "calendar_months",
)


def limit(
    key: str,
    title: str,
    who: tuple[str, str],
    source: str,
    anchor: str | list[str],
    amount: int,
    counting: str = MINUTES,
    **more: Any,
) -> dict[str, Any]:
    """A report that is due within a limit."""
    anchors = [anchor] if isinstance(anchor, str) else anchor
    owes = {"debtor": who[0], "creditor": who[1], "kind": "limit"}
    limit = {"anchors": anchors, "amount": amount, "counting": counting}
    return {"key": key, "title": title, "source": source, **owes, **limit, **more}


def at_once(
    key: str, title: str, who: tuple[str, str], source: str, anchor: str, **more: Any
) -> dict[str, Any]:
    """A report without a number: it is due when its anchor is known."""
    owes = {"debtor": who[0], "creditor": who[1], "kind": "at_once", "anchors": [anchor]}
    return {"key": key, "title": title, "source": source, **owes, **more}


def standing(
    key: str, title: str, who: tuple[str, str], source: str, note: str, **more: Any
) -> dict[str, Any]:
    """What always holds, and runs no clock."""
    owes = {"debtor": who[0], "creditor": who[1], "kind": "standing", "note": note}
    return {"key": key, "title": title, "source": source, **owes, **more}
