"""The partner form of a review: a report that is a notice of its own, approved and sent as every
notice is.

It holds what was written for partners and what each partner knows already: its own title, severity
and times. No name of the desk's people, of another partner or of the desk's own reference is in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from cases import accuracy, notices
from cases.models import Involvement, Notice, NoticeCopy
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput
from incidentdesk.kernel.models import User
from reviews import blameless, drafting
from reviews.models import Review

KIND = Notice.Kind.REPORT
TIMES = (
    "It began {started}. We detected it {detected}; it was contained {contained}, and service was "
    "back {recovered}."
)


def text_of(review: Review) -> str:
    """What a report begins with; its placeholders are filled for each partner by the notice."""
    parts = [
        "Our report on {title} ({severity} for you).",
        f"What happened\n{review.partner_story}" if review.partner_story else "",
        "What it meant for you\n{meaning}",
        f"When\n{TIMES}",
        f"The cause\n{review.partner_cause}" if review.partner_cause else "",
        f"What changes, so that it does not return\n{review.partner_measures}"
        if review.partner_measures
        else "",
    ]
    return "\n\n".join(part for part in parts if part)


def told(review: Review) -> QuerySet[Involvement]:
    """The partners to whom its incident is disclosed, which a report can be for."""
    rows = review.incident.involvements.filter(disclosed_at__isnull=False)
    return rows.select_related("partner").order_by("partner__name")


def reports(review: Review) -> QuerySet[NoticeCopy]:
    """The reports to partners, each partner's copy, the newest first; none that was withdrawn."""
    rows = NoticeCopy.objects.filter(notice__incident=review.incident_id, kind=KIND)
    rows = rows.exclude(notice__state=Notice.State.WITHDRAWN)
    return rows.select_related("notice", "partner", "involvement").order_by("-notice", "partner")


def staff() -> list[str]:
    """The names of the people of the desk. One query."""
    people = User.objects.exclude(roles=[]).order_by("pk")
    return list(people.values_list("name", flat=True))


@transaction.atomic
def draft(
    *,
    review_id: int,
    body: str,
    involvement_ids: Sequence[int],
    contact_ids: Sequence[int] = (),
    by: Actor,
    at: datetime,
) -> Notice:
    """Draft the report of an approved review to partners who know of the incident.

    From here on it is a notice: a second person approves it before it is sent.
    """
    review = drafting.locked(review_id, by=by)
    access.require(by, Permission.NOTICE_DRAFT)
    if not review.is_approved:
        raise Conflict("The review is not approved yet; partners are told what it says after that.")
    if set(involvement_ids) - set(told(review).values_list("pk", flat=True)):
        raise InvalidInput(
            "A report goes to partners to whom the incident is disclosed; send the others their "
            "first notice before it."
        )
    if names := blameless.named(body, staff()):
        raise InvalidInput(f"This would name {' and '.join(names)} to partners; take it out.")
    notice = notices.draft(
        incident_id=review.incident_id,
        kind=KIND,
        body=body,
        involvement_ids=involvement_ids,
        contact_ids=contact_ids,
        by=by,
        at=at,
    )
    accuracy.require_each_own(notice)
    return notice
