"""Controls and policies: what reviews say of them, and when each is looked at again.

The register itself is an admin page and a CSV file (`sheets`).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction

from cases import claiming
from incidentdesk.kernel import access, audit, clocks
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound
from incidentdesk.kernel.models import User
from notifications import ladder, outbox
from reviews import drafting
from reviews.models import Control, ControlCheck
from reviews.models.control import BEFORE_DAYS

Verdict = ControlCheck.Verdict


@transaction.atomic
def add_check(
    *,
    review_id: int,
    verdict: str,
    control_id: int | None = None,
    name: str = "",
    note: str = "",
    by: Actor,
    at: datetime,
) -> ControlCheck:
    """Say of a control in the register whether it held. One that is missing may be a name only.

    One that failed or was missing says what must change. A `name` finds a control of that number or
    title.
    """
    review = drafting.locked(review_id, by=by)
    access.require(by, Permission.REVIEW_WRITE)
    drafting.require_draft(review, by=by, at=at)
    if verdict not in Verdict.values:
        raise InvalidInput("A control worked, failed, was missing or was not tested; choose one.")
    control = _found(control_id, name, verdict)
    called = control.title if control else name.replace("\x00", "").strip()
    if verdict in (Verdict.FAILED, Verdict.MISSING):
        drafting.words(note, lacks=f"Say what must change, since “{called}” did not hold.")
    check = ControlCheck.objects.create(
        review=review,
        control=control,
        name=called,
        verdict=verdict,
        note=note.replace("\x00", "").strip(),
        added_at=at,
    )
    change = f" To change: {check.note}" if check.note else ""
    drafting.note(review, f"Control looked at: {check}.{change}", by=by, at=at)
    return check


@transaction.atomic
def remove_check(*, check_id: int, by: Actor, at: datetime) -> None:
    """Take back a control from a draft."""
    check = drafting.locked_part(ControlCheck, check_id, by=by)
    access.require(by, Permission.REVIEW_WRITE)
    drafting.require_draft(check.review, by=by, at=at)
    check.delete()
    drafting.note(check.review, f"Control taken back: {check}.", by=by, at=at)


@transaction.atomic
def look_over(*, control_id: int, next_on: date, note: str, by: Actor, at: datetime) -> Control:
    """The control was reviewed, with what came of it; `next_on` is the next day for that."""
    control = Control.objects.select_for_update(of=("self",)).filter(pk=control_id).first()
    if control is None:
        raise NotFound("There is no such control; look at the register.")
    access.require(by, Permission.REVIEW_WRITE)
    if control.is_retired:
        raise Conflict(f"{control.number} is retired; nothing of it is reviewed.")
    if next_on <= at.date() or next_on.year > clocks.LATEST:
        raise InvalidInput("The next review lies in the future; check the day and its year.")
    said = drafting.words(note, lacks="Say what the review of the control came to.", limit=2000)
    control.reviewed_on, control.review_on = at.date(), next_on
    control.save(update_fields=["reviewed_on", "review_on"])
    about, name = f"control:{control.pk}", str(control)
    detail = {"next": f"{next_on}", "said": said}
    audit.record(by=by, at=at, action="reviewed control", about=about, name=name, **detail)
    return control


@transaction.atomic
def remind(*, at: datetime) -> int:
    """Mail the owners of controls whose review day comes near or is over; answers how many mails.

    A control whose owner left is the administrators' to look after.
    """
    rows = Control.objects.filter(remind_at__isnull=False).select_related("owner")
    lines: dict[int, list[dict[str, object]]] = {}
    people: dict[int, User] = {}
    for control, _ in claiming.stages(rows, _span, at=at):
        for person in _responsible(control):
            people[person.pk] = person
            lines.setdefault(person.pk, []).append(_line(control, at))
    drafts = [_mail(people[pk], told, at) for pk, told in lines.items()]
    return len(outbox.queue_many(drafts, at=at))


def _found(control_id: int | None, name: str, verdict: str) -> Control | None:
    """The control that is meant; None for one that is missing, and so has no row."""
    if control_id is not None:
        control = Control.objects.filter(pk=control_id).first()
        if control is None:
            raise NotFound("There is no such control; look at the register.")
        return control
    said = drafting.words(name, lacks="Name the control or policy that was looked at.", limit=200)
    found = Control.objects.filter(number__iexact=said).first()
    found = found or Control.objects.filter(title__iexact=said).first()
    if found is None and verdict != Verdict.MISSING:
        raise InvalidInput(
            f"“{said}” is not in the register of controls; choose one that is, have an "
            "administrator add it, or say that it is missing."
        )
    return found


def _span(control: Control) -> tuple[datetime, datetime]:
    assert control.review_on is not None  # noqa: S101 -- the trigger: no day, no reminder
    due = clocks.end_of(control.review_on)
    return due - timedelta(days=BEFORE_DAYS), due


def _responsible(control: Control) -> list[User]:
    owner = control.owner
    return [owner] if owner and owner.is_active and owner.roles else ladder.administrators()


def _line(control: Control, at: datetime) -> dict[str, object]:
    due = _span(control)[1]
    url = f"/admin/reviews/control/{control.pk}/change/"
    return {"what": str(control), "due_on": control.review_on, "is_late": at >= due, "url": url}


def _mail(to: User, lines: list[dict[str, object]], at: datetime) -> outbox.Draft:
    url = lines[0]["url"] if len(lines) == 1 else "/admin/reviews/control/"
    return outbox.Draft(
        kind="controls",
        to=to,
        about=f"user:{to.pk}",
        dedupe_key=f"controls:{to.pk}:{at:%Y%m%d%H%M%S}",
        context={"items": lines, "more": len(lines) - 1, "url": url},
    )
