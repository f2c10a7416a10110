"""Whether each partner says, or lets it be known by its silence, that the service works again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, Prefetch

from cases.models import Incident, Involvement, NoticeCopy, Phase

SILENCE = timedelta(hours=24)
ASKED = 2  # so many notices, and then silence, count as a yes


@dataclass(frozen=True)
class Unconfirmed:
    """Partners of whom it is not known that the service works again for them."""

    names: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many they are."""
        return len(self.names)


def partners_unconfirmed(incident: Incident, at: datetime) -> Unconfirmed:
    """The partners that neither confirmed nor were silent for 24 hours after two notices.

    Silence begins no earlier than Recovery, and ends with a report of the partner's on this
    incident. Four queries, whatever their number.
    """
    began = recovery_began(incident)
    sent = NoticeCopy.objects.filter(sent_at__isnull=False).order_by("sent_at", "id")
    spoke = dict(incident.reports.values_list("partner_id").annotate(last=Max("reported_at")))
    asked = incident.involvements.exclude(
        disclosed_at=None, decision__in=Involvement.NOT_TOLD
    )  # who does not know of it confirms nothing
    rows = asked.select_related("partner").prefetch_related(
        Prefetch("copies", queryset=sent.only("involvement_id", "sent_at"))
    )
    return Unconfirmed(
        tuple(
            sorted(
                row.partner.name
                for row in rows
                if not has_confirmed(row, began)
                and not _is_silent(row, began, spoke.get(row.partner_id), at)
            )
        )
    )


def recovery_began(incident: Incident) -> datetime | None:
    """When it last came into Recovery; what was confirmed before that did not last."""
    came = [move.at for move in incident.moves.all() if move.to_phase == Phase.RECOVERY]
    return came[-1] if came else None


def has_confirmed(involvement: Involvement, began: datetime | None) -> bool:
    """Whether the partner said so of this recovery, and not of one that did not last."""
    confirmed = involvement.recovery_confirmed_at
    return confirmed is not None and began is not None and confirmed >= began


def _is_silent(
    involvement: Involvement, began: datetime | None, spoke: datetime | None, at: datetime
) -> bool:
    sent = [copy.sent_at for copy in involvement.copies.all() if copy.sent_at is not None]
    if began is None or len(sent) < ASKED:
        return False
    since = max(sent[ASKED - 1], began)
    return at - since >= SILENCE and not (spoke is not None and spoke >= since)
