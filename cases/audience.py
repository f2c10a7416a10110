"""Who gets a notice, and what each of them reads: a copy for each partner, from the draft on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cases import wording
from cases.models import Incident, Involvement, Notice, NoticeCopy
from incidentdesk.kernel.errors import InvalidInput
from partners.models import Contact


@dataclass(frozen=True)
class OwnText:
    """What one partner reads instead of the text that the others read."""

    involvement_id: int
    body: str


def chosen(incident: Incident, involvement_ids: Sequence[int], kind: str) -> list[Involvement]:
    """The partners of the incident that a notice of this kind is for."""
    rows = incident.involvements.filter(pk__in=involvement_ids)
    found = list(rows.select_related("partner"))
    if not found:
        raise InvalidInput("Choose at least one affected partner; add one first if none is listed.")
    require_begun(kind, found)
    return found


def require_begun(kind: str, involvements: Sequence[Involvement]) -> None:
    """Nothing but a first notice goes to a partner that was sent none yet, and none to another."""
    told = begun(involvements)
    if kind == Notice.Kind.FIRST:
        known = sorted(row.partner.name for row in involvements if row.pk in told)
        if known:
            has = "has its" if len(known) == 1 else "have their"
            raise InvalidInput(
                f"{' and '.join(known)} {has} first notice; write an update or a correction."
            )
        return
    new = sorted(row.partner.name for row in involvements if row.pk not in told)
    if new:
        has = "has" if len(new) == 1 else "have"
        raise InvalidInput(
            f"{' and '.join(new)} {has} been sent nothing of this incident yet; send the first "
            "notice before any other."
        )


def require_recovered(kind: str, incident: Incident) -> None:
    """No partner reads that it is over while it is not."""
    if kind == Notice.Kind.ALL_CLEAR and incident.recovered_at is None:
        raise InvalidInput(
            "Service has not recovered yet; record the recovery before an all clear goes out."
        )


def begun(involvements: Sequence[Involvement]) -> set[int]:
    """The involvements whose partner was sent a notice, of this incident or of one merged into it.

    Two queries.
    """
    sent = NoticeCopy.objects.filter(involvement__in=involvements, sent_at__isnull=False)
    found = set(sent.values_list("involvement_id", flat=True))
    onward = {(row.partner_id, row.reference): row.pk for row in involvements if row.reference}
    merged = Involvement.objects.filter(
        continued_as__in=[reference for _, reference in onward], copies__sent_at__isnull=False
    )
    pairs = merged.order_by().values_list("partner_id", "continued_as")
    return found | {onward[pair] for pair in pairs if pair in onward}


def address(
    notice: Notice,
    involvements: Sequence[Involvement],
    texts: Sequence[OwnText],
    people: Mapping[int, Sequence[Contact]],
) -> None:
    """Fix the audience and what each of it reads: a copy for each partner."""
    own = {text.involvement_id: text.body.strip() for text in texts if text.body.strip()}
    if set(own) - {row.pk for row in involvements}:
        raise InvalidInput("A text of its own is for a partner that gets the notice.")
    for text in (notice.body, *own.values()):
        wording.require_known(text)
        if "{recovered}" in text:
            require_recovered(notice.kind, notice.incident)  # or it would say “not known yet”
    NoticeCopy.objects.bulk_create(
        NoticeCopy(
            notice=notice,
            involvement=row,
            partner_id=row.partner_id,
            kind=notice.kind,
            body=wording.fill(
                own.get(row.pk, notice.body),
                wording.values(notice.incident, row, notice.next_update_at),
            ),
            is_own=row.pk in own,
            contact_ids=[one.pk for one in people.get(row.partner_id, ())],
            reader_ids=[one.user_id for one in people.get(row.partner_id, ()) if one.user_id],
            tlp=notice.tlp,
            next_update_at=notice.next_update_at,
        )
        for row in involvements
    )


def as_read(copies: Sequence[NoticeCopy]) -> str:
    """The words that were sent; of several texts, each with the name of its partner."""
    if len({copy.body for copy in copies}) == 1:
        return copies[0].body
    return "\n".join(f"{copy.partner.name}: {copy.body}" for copy in copies)
