"""Monthly digests: the small incidents that a partner reads of once a month, each once.

The desk writes them by itself on the first days of a month, of the month before. They repeat what
people wrote for the partner; there is none for a partner of whom nothing was decided so.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from django.db import transaction
from django.db.models import Prefetch, QuerySet

from cases import deciding, labels, queries, timeline
from cases.models import Digest, DigestLine, Entry, Involvement, Phase
from incidentdesk.kernel.access import SYSTEM, Actor
from notifications import outbox
from partners import directory
from partners.models import Partner, Terms

logger = logging.getLogger(__name__)


def send_due(*, at: datetime) -> int:
    """Send what was decided before this month and told of in no digest; answers how many partners.

    Each partner has a transaction of its own, and one digest a month: a second run sends nothing.
    """
    done = 0
    month = _first_of_last(at)
    had = Digest.objects.filter(month=month).values("partner")
    waiting = _waiting(at).exclude(partner__in=had).order_by()
    for partner_id in sorted(set(waiting.values_list("partner_id", flat=True))):
        try:
            done += _send(partner_id, month, at=at)
        except Exception:  # whatever is wrong with one, the others are told
            logger.exception("the digest of partner %s could not be sent", partner_id)
    return done


def visible_to(actor: Actor) -> QuerySet[Digest]:
    """The digests, each with the lines of incidents that this person may see."""
    lines = DigestLine.objects.filter(involvement__incident__in=queries.visible_to(actor))
    return Digest.objects.prefetch_related(Prefetch("lines", queryset=lines))


@transaction.atomic
def _send(partner_id: int, month: date, *, at: datetime) -> bool:
    """The digest of one partner; False if there is nothing to tell by now, or it was told."""
    partner = Partner.objects.select_for_update(of=("self",)).get(pk=partner_id)
    ids = _waiting(at).filter(partner=partner).values_list("incident_id", flat=True)
    incidents = {pk: queries.locked(pk, by=SYSTEM) for pk in sorted(set(ids))}
    rows = list(_waiting(at).filter(partner=partner, incident__in=incidents).order_by("id"))
    if not rows or Digest.objects.filter(partner=partner, month=month).exists():
        return False
    digest = Digest.objects.create(
        partner=partner,
        reference=directory.next_reference(partner, kind="digest", year=at.year),
        month=month,
        sent_at=at,
    )
    lines = DigestLine.objects.bulk_create(_line(digest, row) for row in rows)
    outbox.queue_many(list(_mails(digest, rows, lines)), at=at)
    for row in rows:
        timeline.record(
            incidents[row.incident_id],
            Entry.Kind.NOTICE,
            f"{partner} was told of it in its digest of {month:%B %Y}, {digest.reference}.",
            by=SYSTEM,
            at=at,
            partner_id=partner.pk,
        )
    return True


def _waiting(at: datetime) -> QuerySet[Involvement]:
    """What was decided for the digest before this month, is still small, and was not told yet.

    A drill, what turned out to be none, and what is for named people alone are in no digest.
    """
    return (
        Involvement.objects.filter(
            decision=Involvement.Decision.DIGEST,
            decided_at__lt=_first(at),
            incident__severity=deciding.DIGEST_SEVERITY,
            digest_line=None,
            is_exercise=False,
            partner__is_active=True,
        )
        .exclude(incident__phase=Phase.DISMISSED)
        .exclude(incident__tlp=labels.Tlp.RED)
        .select_related("incident")
    )


def _line(digest: Digest, row: Involvement) -> DigestLine:
    """In the words for the partner; its own reference, if it sees the incident."""
    return DigestLine(
        digest=digest,
        partner_id=digest.partner_id,
        involvement=row,
        reference=row.reference if row.disclosed_at else "",
        title=row.title,
        meaning=row.meaning,
        began_at=row.started_at,
        over_at=row.incident.over_at,
    )


def _mails(
    digest: Digest, rows: Sequence[Involvement], lines: Sequence[DigestLine]
) -> Iterator[outbox.Draft]:
    """One to each who gets notices; the titles only where mails of all of them may carry text."""
    agreed = directory.terms_of(digest.partner).mail_carries == Terms.Carries.TEXT
    is_whole = agreed and not any(row.incident.tlp in labels.LINK_ALONE for row in rows)
    for contact in directory.notice_contacts(digest.partner_id):
        yield outbox.Draft(
            kind="digest",
            to=contact.email,
            about=f"digest:{digest.pk}",
            dedupe_key=f"digest:{digest.pk}:{contact.pk}",
            context={
                "reference": digest.reference,
                "month": f"{digest.month:%B %Y}",
                "count": len(lines),
                "titles": [line.title for line in lines] if is_whole else [],
                "partner_name": digest.partner.name,
                "url": f"/portal/digests/{digest.reference}/",
            },
        )


def _first(at: datetime) -> datetime:
    """When this month began, in UTC as all days here."""
    return datetime(at.year, at.month, 1, tzinfo=UTC)


def _first_of_last(at: datetime) -> date:
    return (_first(at) - timedelta(days=1)).date().replace(day=1)
