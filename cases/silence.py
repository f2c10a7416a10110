"""Somebody acknowledged an incident, and then nothing followed: it is paged again.

What counts as work is an entry of the timeline of one of the kinds `WORK` by an active person of
the desk. What the desk itself writes, what an alert says and what a partner says does not count.
Watched is an incident from its acknowledgement until its recovery is recorded or it is in Review;
how long each severity may be silent stands beside its soak time (`rules.silence_of`).

`Incident.silent_at` is never later than the end of that time: entries only move it on, and how far
is looked up when it comes. Once it is paged again it says since when; a person's entry after that
counts as an acknowledgement.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.db.models import Exists, OuterRef, QuerySet

from cases import leading, moving, rules
from cases.models import Entry, Incident, Phase
from incidentdesk.kernel import access, clocks, due
from incidentdesk.kernel.models import User

LIMIT = 100
_NO_WORK = (Entry.Kind.OPENED, Entry.Kind.ALERT)
WORK = tuple(kind for kind in Entry.Kind if kind not in _NO_WORK)
WATCHED = (Phase.IDENTIFICATION, Phase.CONTAINMENT, Phase.MITIGATION, Phase.RECOVERY)


def watch(*, at: datetime) -> int:
    """Page again what is silent, let be what somebody works on again; answers how many moved."""
    watched = Incident.objects.filter(
        phase__in=WATCHED, recovered_at=None, acknowledged_at__isnull=False, silent_at__lte=at
    )
    since = _work().filter(incident=OuterRef("pk"), at__gt=OuterRef("silent_at"))
    paged = Incident.objects.open().filter(acknowledged_at=None, silent_at__lte=at)
    order = ("silent_at", "pk")
    moved = due.each(watched, partial(_page_one, at=at), most=LIMIT, order=order)
    taken = due.each(
        paged.filter(Exists(since)), partial(_let_one_be, at=at), most=LIMIT, order=order
    )
    return len(moved) + len(taken)


def _page_one(incident: Incident, *, at: datetime) -> None:
    """One whose time has come: paged again if it is silent, else looked at again later."""
    silence, since = rules.silence_of(incident.severity), _last_work(incident)
    if silence is None or not moving.pages_people(incident):
        incident.silent_at = None
        incident.save(update_fields=["silent_at"])
    elif since + silence > at:
        incident.silent_at = since + silence
        incident.save(update_fields=["silent_at"])
    else:
        why = f"Nobody has worked on it for {clocks.words(at - since)}, as far as is written here"
        who = f"{incident.acknowledged_by} had acknowledged it"
        leading.page_anew(incident, f"{why}; {who}. It is paged again.", silent_at=at, at=at)
        if incident.acknowledged_at is not None:  # a restricted one stays taken
            incident.silent_at = at + silence
            incident.save(update_fields=["silent_at"])


def _let_one_be(incident: Incident, *, at: datetime) -> None:
    """One that was paged again, and on which somebody works by now: that acknowledges it."""
    entry = _work().filter(incident=incident, at__gt=incident.silent_at).earliest("sequence")
    by = access.actor_for(User.objects.get(pk=entry.user_id or 0))
    because = f"{by.name} works on it, which acknowledges it."
    leading.acknowledge(incident, by=by, at=at, because=because)
    incident.save(update_fields=leading.ACKNOWLEDGED)


def _work() -> QuerySet[Entry]:
    people = User.objects.filter(is_active=True).exclude(roles=[])
    return Entry.objects.filter(kind__in=WORK, user_id__in=people.values("pk"))


def _last_work(incident: Incident) -> datetime:
    """When somebody last did something; acknowledging is the first that counts."""
    newest = _work().filter(incident=incident).order_by("-at").values_list("at", flat=True).first()
    return max(moment for moment in (newest, incident.acknowledged_at) if moment is not None)
