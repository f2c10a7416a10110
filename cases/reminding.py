"""Nobody at a partner acknowledged a notice: the next contact is told, and after the last the desk.

How long is waited each time is agreed in the partner's contract terms.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial

from cases import dispatch, moving, timeline, warning
from cases.models import Entry, NoticeCopy
from incidentdesk.kernel import due
from incidentdesk.kernel.access import SYSTEM
from incidentdesk.kernel.models import User
from notifications import outbox
from notifications import queries as post
from partners import directory
from partners.models import Contact

LIMIT = 100


def remind(*, at: datetime) -> int:
    """Chase every notice whose time is over; answers how many, LIMIT at most."""
    unread = NoticeCopy.objects.filter(
        remind_at__lte=at, acknowledged_at=None, sent_at__isnull=False
    ).select_related(
        "partner__terms",
        "involvement__partner",
        "involvement__incident__commander",
        "involvement__incident__category",
    )
    order = ("remind_at", "id")
    return len(due.each(unread, partial(_chase, at=at), most=LIMIT, order=order))


def _chase(copy: NoticeCopy, *, at: datetime) -> None:
    """Tell the next person; without one, the desk, and no more after that."""
    contact = _next(copy)
    if contact is not None:
        dispatch.mail(copy, contact, at=at)
        copy.remind_at = at + directory.terms_of(copy.partner).acknowledged_within
        whom = f"{contact} is told as well"
    else:
        incident = copy.involvement.incident
        outbox.queue_many([_letter(copy, to) for to in warning.crew_of(incident)], at=at)
        copy.remind_at = None
        whom = "every contact was told, so the desk is"
    copy.save(update_fields=["remind_at"])
    text = f"{copy.partner}: nobody acknowledged the notice ({copy.get_kind_display()}); {whom}."
    timeline.record(
        copy.involvement.incident,
        Entry.Kind.PARTNER,
        text,
        by=SYSTEM,
        at=at,
        partner_id=copy.partner_id,
    )


def _next(copy: NoticeCopy) -> Contact | None:
    """The first person at the partner who had no mail about this copy."""
    people = dispatch.contacts(copy)
    had = post.written(dispatch.key(copy, person) for person in people)
    return next((person for person in people if dispatch.key(copy, person) not in had), None)


def _letter(copy: NoticeCopy, to: User) -> outbox.Draft:
    """What the desk is told; of a restricted incident it names neither it nor the partner."""
    incident = copy.involvement.incident
    facts, closed = moving.escalation_facts(incident), incident.is_restricted
    return outbox.Draft(
        kind="unread",
        to=to,
        about=facts["about"],
        dedupe_key=f"unread:{copy.pk}:{to.pk}",
        context={
            "reference": facts["reference"],
            "title": facts["title"],
            "severity": incident.severity,
            "partner": "A partner" if closed else copy.partner.name,
            "what": copy.get_kind_display(),
            "sent_at": copy.sent_at,
            "url": f"/admin/cases/incident/{incident.pk}/told/",
        },
    )
