"""Procedures of partners: what each has on file for its own users, and reminders to renew it.

The partner keeps them itself; the desk reads them. Telling end users stays with the partner.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction

from cases import claiming, files
from cases.files import Upload
from cases.models import Procedure
from incidentdesk.kernel import access, clocks
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound
from notifications import outbox
from partners import directory
from partners.models import Partner

LONGEST = 3 * 366  # days that one may be valid ahead
_IS_LINK = URLValidator(schemes=["https"])


@transaction.atomic
def keep(
    *,
    title: str,
    version: str,
    scope: str,
    valid_until: date,
    attested_by: str,
    link: str = "",
    uploads: Sequence[Upload] = (),
    replaces_id: int | None = None,
    by: Actor,
    at: datetime,
) -> Procedure:
    """Put a procedure on file, or the next version of one, which ends the former."""
    partner = Partner.objects.filter(pk=by.tenant_id).first()
    access.require(by, Permission.PARTNER_ACT, partner)
    if partner is None:
        raise NotFound("There is no such partner.")
    made = Procedure(
        partner=partner,
        title=" ".join(title.split())[:200],
        version=" ".join(version.split())[:40],
        scope=scope.strip(),
        link=link.strip(),
        valid_until=valid_until,
        attested_by=" ".join(attested_by.split())[:120],
        kept_at=at,
        remind_at=clocks.first_reminder(at, clocks.end_of(valid_until)),
        keeper=by.name[:120],
        kept_by_id=by.person_id,
    )
    _require_whole(made, uploads, at.date())
    with files.kept(uploads, by=by, at=at) as kept:
        if replaces_id is not None:
            made.replaces = _end(replaces_id, by=by, at=at)
        made.reference = directory.next_reference(partner, kind="procedure", year=at.year)
        made.save(force_insert=True)
        files.add(kept, partner_id=partner.pk, at=at, procedure=made)
    return made


@transaction.atomic
def withdraw(*, procedure_id: int, by: Actor, at: datetime) -> Procedure:
    """It does not hold any more, and nothing takes its place."""
    partner = Partner.objects.filter(pk=by.tenant_id).first()
    access.require(by, Permission.PARTNER_ACT, partner)
    return _end(procedure_id, by=by, at=at)


@transaction.atomic
def remind(*, at: datetime) -> int:
    """Remind of every procedure that passed a stage of its validity; answers how many mails."""
    in_force = Procedure.objects.filter(ended_at=None, partner__is_active=True)
    drafts: list[outbox.Draft] = []
    for procedure, stage in claiming.stages(in_force.select_related("partner"), _span, at=at):
        drafts += _drafts(procedure, stage.since, at.date())
    return len(outbox.queue_many(drafts, at=at))


# --- steps that several of them share -------------------------------------------------------------


def _require_whole(made: Procedure, uploads: Sequence[Upload], today: date) -> None:
    if not (made.title and made.version and made.scope):
        raise InvalidInput("A procedure needs a title, a version, and what it covers.")
    if not made.attested_by:
        raise InvalidInput("Say who at your company attests this procedure.")
    if bool(made.link) == bool(uploads):
        raise InvalidInput("Give either the file or a link to it; one of the two.")
    if made.link:
        try:
            _IS_LINK(made.link)
        except ValidationError as error:
            raise InvalidInput(
                "The link has to be an address that begins with https://."
            ) from error
    if len(uploads) > 1:
        raise InvalidInput("A procedure is one file; put several into one.")
    if made.valid_until < today:
        raise InvalidInput("Its last day is over already; give a later one.")
    if (made.valid_until - today).days > LONGEST:
        raise InvalidInput("A procedure is attested for at most three years; give an earlier day.")


def _end(procedure_id: int, *, by: Actor, at: datetime) -> Procedure:
    rows = Procedure.objects.select_for_update(of=("self",)).filter(partner_id=by.tenant_id)
    found = rows.filter(pk=procedure_id).first()
    if found is None:
        raise NotFound("There is no such procedure.")
    if found.ended_at is not None:
        raise Conflict(f"“{found}” was replaced or withdrawn already.")
    found.ended_at, found.ended_by_id = at, by.person_id
    found.save(update_fields=["ended_at", "ended_by"])
    return found


def _span(procedure: Procedure) -> tuple[datetime, datetime]:
    return procedure.kept_at, clocks.end_of(procedure.valid_until)


def _drafts(procedure: Procedure, since: datetime, today: date) -> Iterator[outbox.Draft]:
    left = (procedure.valid_until - today).days
    until = f"{procedure.valid_until:%-d %b %Y}"
    said = (
        f"Your procedure is valid for {left} more {'day' if left == 1 else 'days'}, until {until}"
        if left > 0
        else f"Your procedure expired on {until}"
    )
    if left == 0:
        said = "Your procedure expires today"
    for contact in directory.notice_contacts(procedure.partner_id):
        yield outbox.Draft(
            kind="procedure",
            to=contact.email,
            about=f"procedure:{procedure.pk}",
            dedupe_key=f"procedure:{procedure.pk}:{since:%Y%m%d%H%M%S}:{contact.pk}",
            context={
                "reference": procedure.reference,
                "title": said,
                "partner_name": procedure.partner.name,
                "url": f"/portal/procedures/{procedure.reference}/",
            },
        )
