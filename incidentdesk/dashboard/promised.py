"""What “Needs you now” says of promises: first notices and updates that are due and unwritten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Subquery
from django.urls import reverse

from cases import queries
from cases.admin.dialogs.drafting import DRAFT_NOTICE
from cases.admin.dialogs.partners import ADD_PARTNER
from cases.models import Deadline, Involvement, Notice, NoticeCopy
from cases.models.deadline import FIRST_NOTICE, NEXT_UPDATE, PARTNER_NOTICE
from incidentdesk.dashboard.need import EACH, Need, about
from incidentdesk.dashboard.remaining import HORIZON, SOON, until
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission

_FIRST = (FIRST_NOTICE, PARTNER_NOTICE)
_LIVE = (Notice.State.DRAFT, Notice.State.APPROVED)
_CLOCKS = 5 * EACH  # read at most: an incident may have one for each partner


def of(by: Actor, *, at: datetime) -> Iterator[Need]:
    """Late, or due within the hour, for those who draft: a line for each incident and kind.

    A partner for which a notice is drafted waits for its approval; once that is nearly late or
    late, whoever drafts has to chase it. Two queries.
    """
    if not access.allows(by, Permission.NOTICE_DRAFT):
        return
    lines: dict[tuple[int, bool], list[Any]] = {}
    for row in _clocks(by, at=at):
        lines.setdefault((row.incident_id, row.kind in _FIRST), []).append(row)
    for (_, is_first), rows in list(lines.items())[:EACH]:
        involved = rows[0].incident.involved
        names = _owed(involved, {row.involvement_id for row in rows}, is_first=is_first)
        if names or not involved:
            yield _line(rows[0], names, is_first=is_first, at=at)
        elif rows[0].due_at <= at + SOON:
            yield from _chased(rows[0], involved, is_first=is_first, at=at)


def _clocks(by: Actor, *, at: datetime) -> list[Deadline]:
    """The running clocks of notices, the soonest first; a drill that tells nobody has none."""
    copies = NoticeCopy.objects.filter(involvement=OuterRef("pk"))
    drafts = copies.filter(notice__state=Notice.State.DRAFT).order_by("-id")
    if access.allows(by, Permission.NOTICE_APPROVE):  # those of others wait for this person
        drafts = drafts.filter(notice__drafted_by=by.user_id)
    involved = (
        Involvement.objects.select_related("partner")
        .annotate(
            is_told=Exists(copies.filter(sent_at__isnull=False)),
            is_written=Exists(copies.filter(notice__state__in=_LIVE)),
            draft_id=Subquery(drafts.values("notice_id")[:1]),
        )
        .order_by("partner__name")
    )
    rows = Deadline.objects.filter(
        kind__in=[*_FIRST, NEXT_UPDATE],
        met_at=None,
        is_dropped=False,
        due_at__lte=at + HORIZON,
        incident__in=queries.visible_to(by).open().exclude(is_exercise=True, exercise_tells=False),
    )
    return list(
        rows.select_related("incident")
        .prefetch_related(Prefetch("incident__involvements", involved, to_attr="involved"))
        .order_by("due_at", "id")[:_CLOCKS]
    )


def _owed(involved: list[Any], promised: set[int | None], *, is_first: bool) -> list[str]:
    """The partners that wait: those promised one each, or everybody whom the incident owes one."""
    return [
        row.partner.name
        for row in involved
        if (row.pk in promised or None in promised)
        and not row.is_written
        and not (is_first and (row.is_told or row.decision in Involvement.NOT_TOLD))
    ]


def _chased(
    clock: Deadline, involved: list[Any], *, is_first: bool, at: datetime
) -> Iterator[Need]:
    """A draft that nobody approved yet, when its time is nearly over; leads to the draft."""
    waiting = [row for row in involved if row.draft_id]
    if waiting:
        names = ", ".join(row.partner.name for row in waiting)
        what = f"{'first notice' if is_first else 'promised update'} to {names} is not approved yet"
        remaining = until(clock.due_at, at=at)
        need = about(clock.incident, what, remaining, began_at=clock.anchor_at)
        address = reverse("admin:cases_notice_change", args=[waiting[0].draft_id])
        yield replace(need, url=address)


def _line(clock: Deadline, names: list[str], *, is_first: bool, at: datetime) -> Need:
    """Leads to the dialog in which it is written; without a partner, to that which lists one."""
    action, query = DRAFT_NOTICE, "?kind=first" if is_first else "?kind=update"
    what = f"{'first notice' if is_first else 'promised update'} to {', '.join(names)} to write"
    if not names:
        action, query = ADD_PARTNER, ""
        what = "a first notice is due and no partner is listed yet"
    remaining = until(clock.due_at, at=at)
    need = about(clock.incident, what, remaining, began_at=clock.anchor_at)
    address = reverse("admin:cases_incident_do", args=[clock.incident_id, action.name])
    return replace(need, url=address + query)
