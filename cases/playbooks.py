"""Playbooks: drafting and publishing a version, and laying one out as an incident's tasks.

A published version never changes. Changing one is starting a draft as its copy, editing that, and
publishing it; incidents keep the version that they started with.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from cases.models import Category, Incident, Playbook, PlaybookTask, Task
from cases.models.playbook import PHASES
from incidentdesk.kernel import access, audit
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound

COPIED = (
    "phase",
    "position",
    "text",
    "needs_evidence",
    "needs_second_person",
    "is_partner_facing",
)


@transaction.atomic
def start_draft(*, category_id: int, by: Actor, at: datetime) -> Playbook:
    """A draft as a copy of the current version; a category without one starts empty."""
    access.require(by, Permission.REGISTER_WRITE)
    category = _locked(category_id)
    last = category.playbooks.order_by("-version").first()
    if last is not None and last.is_draft:
        raise Conflict(f"{category} has a draft already, version {last.version}; edit that one.")
    number = last.version + 1 if last else 1
    draft = Playbook.objects.create(category=category, version=number)
    if last is not None:
        PlaybookTask.objects.bulk_create(
            PlaybookTask(playbook=draft, **{name: getattr(line, name) for name in COPIED})
            for line in last.tasks.all()
        )
    _record(draft, "started a draft of a playbook", by=by, at=at)
    return draft


@transaction.atomic
def publish(*, playbook_id: int, note: str, by: Actor, at: datetime) -> Playbook:
    """The draft is in force for incidents whose category is set from now on. It never changes."""
    access.require(by, Permission.REGISTER_WRITE)
    draft = _locked_draft(playbook_id)
    if not note.strip():
        raise InvalidInput("Publishing needs a note: what is different, and why.")
    lines = list(draft.tasks.all())
    if not lines:
        raise InvalidInput("A playbook without tasks is none; add tasks first.")
    before = current(draft.category_id)
    if before is not None and _read(lines) == _read(list(before.tasks.all())):
        raise Conflict(f"It says the same as version {before.version}; change something first.")
    _number(lines)
    draft.note, draft.published_at, draft.published_by_id = note.strip(), at, by.user_id
    draft.save(update_fields=["note", "published_at", "published_by"])
    _record(draft, "published a playbook", by=by, at=at, tasks=len(lines), note=draft.note)
    return draft


@transaction.atomic
def discard_draft(*, playbook_id: int, by: Actor, at: datetime) -> None:
    """The draft is not wanted; the current version stays in force."""
    access.require(by, Permission.REGISTER_WRITE)
    draft = _locked_draft(playbook_id)
    _record(draft, "discarded a draft of a playbook", by=by, at=at, tasks=draft.tasks.count())
    draft.delete()


def current(category_id: int) -> Playbook | None:
    """The version in force: the newest that is published."""
    published = Playbook.objects.filter(category_id=category_id, published_at__isnull=False)
    return published.select_related("category").order_by("-version").first()


def lay_out(incident: Incident) -> None:
    """Pin the version in force of the incident's category, and make its lines the tasks.

    Tasks of the version before that nobody has taken up give way: they are open, nobody owns them
    and they have no evidence. A line that is a task already is not laid out twice.
    """
    if incident.category_id is None:
        return
    former_id, found = incident.playbook_id, current(incident.category_id)
    if former_id is not None:
        former = PlaybookTask.objects.filter(playbook_id=former_id).values("text")
        untouched = Q(state=Task.State.OPEN, owner=None, evidence=None)
        incident.tasks.filter(untouched, text__in=former).delete()
    incident.playbook = found
    incident.save(update_fields=["playbook"])
    if found is None:
        return
    kept = set(incident.tasks.values_list("phase", "text"))
    Task.objects.bulk_create(
        Task(incident=incident, **{name: getattr(line, name) for name in COPIED})
        for line in found.tasks.all()
        if (line.phase, line.text) not in kept
    )


# --- steps ----------------------------------------------------------------------------------------


def _locked(category_id: int) -> Category:
    """The category, locked: one draft at a time, and numbers without a gap."""
    # Not the key: incidents of the category are opened meanwhile.
    found = Category.objects.select_for_update(no_key=True).filter(pk=category_id).first()
    if found is None:
        raise NotFound("There is no such category.")
    return found


def _locked_draft(playbook_id: int) -> Playbook:
    found = Playbook.objects.filter(pk=playbook_id).first()
    if found is None:
        raise NotFound("There is no such playbook; the draft may have been discarded.")
    _locked(found.category_id)
    locked = Playbook.objects.select_for_update(of=("self",)).select_related("category")
    draft = locked.filter(pk=playbook_id).first()
    if draft is None:
        raise NotFound("There is no such playbook; the draft may have been discarded.")
    if not draft.is_draft:
        raise Conflict(f"{draft} is published and never changes; start a draft instead.")
    return draft


def _read(lines: list[PlaybookTask]) -> list[tuple[object, ...]]:
    """What a reader sees of it: everything but the numbers."""
    names = [name for name in COPIED if name != "position"]
    order = {phase: number for number, (phase, _) in enumerate(PHASES)}
    lines = sorted(lines, key=lambda line: (order[line.phase], line.position, line.pk))
    return [tuple(getattr(line, name) for name in names) for line in lines]


def _number(lines: list[PlaybookTask]) -> None:
    """Positions count from one in each phase, in the order in which they were."""
    for phase, _ in PHASES:
        of_phase = sorted(
            (line for line in lines if line.phase == phase),
            key=lambda line: (line.position, line.pk),
        )
        for number, line in enumerate(of_phase, start=1):
            line.position = number
    PlaybookTask.objects.bulk_update(lines, ["position"])


def _record(playbook: Playbook, action: str, *, by: Actor, at: datetime, **detail: object) -> None:
    about = f"playbook:{playbook.pk}"
    audit.record(by=by, at=at, action=action, about=about, name=str(playbook), **detail)
