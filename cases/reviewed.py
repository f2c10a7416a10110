"""How far the review is, as it tells the incident; the gates before closing ask for it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from cases import moving, queries, roster
from cases.models import Phase, ReviewFacts
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import InvalidInput


@transaction.atomic
def note_review(
    *,
    incident_id: int,
    missing: list[str],
    approved: bool,
    facilitator_id: int | None = None,
    by: Actor,
    at: datetime,
) -> None:
    """The review tells how far it is. An approval by the commander is refused here too."""
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.REVIEW_APPROVE if approved else Permission.REVIEW_WRITE)
    moving.require_phase(incident, Phase.REVIEW)
    if approved and by.person_id in roster.commanded(incident):
        raise InvalidInput("You commanded this incident; somebody else has to approve its review.")
    ReviewFacts.objects.update_or_create(
        incident=incident,
        defaults={
            "missing": missing,
            "facilitator_id": facilitator_id,
            "approved_at": at if approved else None,
            "approved_by_id": by.user_id if approved else None,
        },
    )
