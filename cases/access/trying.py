"""The rules as rows: changing their values, trying them on the past, switching them on and off.

A rule is switched on by somebody who has seen what it would have found. A trial belongs to the
values that it was made with, and is gone when they change.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from cases.access import rules, stored
from cases.models import AccessRule, Category
from incidentdesk.kernel import access, audit, zones
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound

PERIOD = timedelta(days=31)
MOST_EVENTS = 50_000  # the newest that a trial looks at
LISTED = 20  # findings that it names
_WORDS = {"times": "The number", "minutes": "Minutes", "days": "Days", "factor": "The factor"}


@transaction.atomic
def try_out(*, rule_id: int, by: Actor, at: datetime) -> AccessRule:
    """Let the rule look at what is stored of the last 31 days, and keep what it would have found.

    At most the newest 50,000 events of its kind are looked at; `is_cut` says that there were more.
    The rule is locked afterwards, so that the judging that goes on does not wait; Conflict if its
    values were changed in between.
    """
    access.require(by, Permission.REGISTER_WRITE)
    rule = _found(AccessRule.objects.filter(pk=rule_id))
    tried = _tried(rule, at=at)
    now = _locked(rule_id)
    if _values(now) != _values(rule):
        raise Conflict(f"“{now}” was changed meanwhile; try it again.")
    now.tried, now.tried_at = tried, at
    now.save(update_fields=["tried", "tried_at"])
    _record(now, "tried access rule", by=by, at=at, times=tried["times"])
    return now


def _tried(rule: AccessRule, *, at: datetime) -> dict[str, Any]:
    begin = at - PERIOD
    back = rules.KINDS[rule.kind].lookback(rule)
    events = stored.since(rule, begin - back, until=at, most=MOST_EVENTS)
    found = [one for one in rules.find(rule, events) if one.at >= begin]
    return {
        "since": begin.isoformat(),
        "events": len(events),
        "is_cut": len(events) == MOST_EVENTS,
        "times": len(found),
        "subjects": len({one.subject for one in found}),
        "found": [
            {"at": one.at.isoformat(), "title": one.title, "events": one.number}
            for one in reversed(found[-LISTED:])
        ],
    }


def _values(rule: AccessRule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in rules.KINDS[rule.kind].uses}


@transaction.atomic
def switch_on(*, rule_id: int, by: Actor, at: datetime) -> AccessRule:
    """From now on the rule opens incidents; what came before is not looked at again."""
    access.require(by, Permission.REGISTER_WRITE)
    rule = _locked(rule_id)
    if rule.is_on:
        raise Conflict(f"“{rule}” is on already.")
    if rule.tried_at is None:
        raise Conflict("Try it on the past first, and look at what it would have found.")
    rule.is_on = True
    rule.save(update_fields=["is_on"])
    _record(rule, "switched on access rule", by=by, at=at)
    return rule


@transaction.atomic
def switch_off(*, rule_id: int, by: Actor, at: datetime) -> AccessRule:
    """The rule finds nothing any more; incidents that it opened stay."""
    access.require(by, Permission.REGISTER_WRITE)
    rule = _locked(rule_id)
    if not rule.is_on:
        raise Conflict(f"“{rule}” is off already.")
    rule.is_on = False
    rule.save(update_fields=["is_on"])
    _record(rule, "switched off access rule", by=by, at=at)
    return rule


@transaction.atomic
def change(
    *,
    rule_id: int,
    values: Mapping[str, Any],
    category_id: int,
    urgency: int,
    by: Actor,
    at: datetime,
) -> AccessRule:
    """Give the rule other values; those that its kind does not use are left out. They hold at once,
    also while it is on; a trial with the former ones is forgotten."""
    access.require(by, Permission.REGISTER_WRITE)
    rule = _locked(rule_id)
    uses = rules.KINDS[rule.kind].uses
    new = {name: values.get(name) for name in uses}
    _require_fit(new)
    if urgency not in (1, 2, 3):
        raise InvalidInput("The urgency is 3 (now), 2 (today) or 1 (later).")
    if not Category.objects.filter(pk=category_id, is_active=True).exists():
        raise InvalidInput("There is no such category in use; choose another.")
    changes = {n: [str(getattr(rule, n)), str(v)] for n, v in new.items() if getattr(rule, n) != v}
    for name, value in new.items():
        setattr(rule, name, value)
    if changes:
        rule.tried = rule.tried_at = None
    rule.category_id, rule.urgency = category_id, urgency
    rule.save()
    _record(rule, "changed access rule", by=by, at=at, changes=changes)
    return rule


def _require_fit(new: Mapping[str, Any]) -> None:
    for name, (least, most) in rules.BOUNDS.items():
        value = new.get(name)
        if name in new and not (isinstance(value, int) and least <= value <= most):
            raise InvalidInput(f"{_WORDS[name]} has to be from {least:,} to {most:,}.")
    if "zone" in new:
        if new["starts"] is None or new["ends"] is None or new["starts"] >= new["ends"]:
            raise InvalidInput("Say from when to when work is done; it ends after it begins.")
        if said := zones.wrong(str(new["zone"])):
            raise InvalidInput(said, field="zone")


def _locked(rule_id: int) -> AccessRule:
    """Locked against other changes; what rules find may be stored meanwhile."""
    rows = AccessRule.objects.select_for_update(of=("self",), no_key=True)
    return _found(rows.select_related("category").filter(pk=rule_id))


def _found(rows: QuerySet[AccessRule]) -> AccessRule:
    rule = rows.first()
    if rule is None:
        raise NotFound("There is no such rule.")
    return rule


def _record(rule: AccessRule, action: str, *, by: Actor, at: datetime, **detail: Any) -> None:
    audit.record(
        by=by, at=at, action=action, about=f"accessrule:{rule.pk}", name=rule.name, **detail
    )
