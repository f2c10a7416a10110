"""Playbooks: versions that never change, drafts, and the version that an incident keeps."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from cases import evaluation, playbooks, tasks, workflow
from cases.admin.page import playbook as page
from cases.models import Category, Incident, Playbook, PlaybookTask
from incidentdesk.kernel.access import SYSTEM
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from incidentdesk.kernel.models import AuditEvent
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def outage(db) -> Category:
    return Category.objects.get(key="outage")


@pytest.fixture
def keep(people):
    """Who keeps registers, and when."""
    return {"by": people.actor("administrator"), "at": LATER}


@pytest.fixture
def draft(outage, keep) -> Playbook:
    return playbooks.start_draft(category_id=outage.pk, **keep)


@pytest.fixture
def evaluate(people):
    def call(incident: Incident, key: str = "outage") -> Incident:
        found = evaluation.Evaluation(
            category_id=Category.objects.get(key=key).pk, impact=2, scope=2, urgency=2
        )
        by = people.actor("responder")
        return evaluation.evaluate(incident_id=incident.pk, found=found, by=by, at=LATER)

    return call


def read(playbook: Playbook) -> list[tuple]:
    names = [f"{name}" for name in playbooks.COPIED]
    return list(playbook.tasks.order_by("phase", "position").values_list(*names))


def audited() -> list[tuple[str, str]]:
    found = AuditEvent.objects.filter(about__startswith="playbook:").order_by("pk")
    return [(event.action, event.detail["name"]) for event in found]


# --- versions -------------------------------------------------------------------------------------


def test_every_category_ships_with_a_first_version_in_force():
    found = sorted((row.category.key, row.version, row.is_draft) for row in Playbook.objects.all())
    keys = sorted(Category.objects.values_list("key", flat=True))
    assert found == [(key, 1, False) for key in keys]


def test_a_draft_is_a_copy_and_there_is_one_at_a_time(outage, draft, keep):
    first = playbooks.current(outage.pk)
    assert (draft.version, draft.is_draft, read(draft)) == (2, True, read(first))
    assert first.version == 1
    with pytest.raises(Conflict) as refused:
        playbooks.start_draft(category_id=outage.pk, **keep)
    assert str(refused.value) == (
        "Infrastructure outage or service degradation has a draft already, version 2; "
        "edit that one."
    )
    assert audited() == [("started a draft of a playbook", f"{outage}, version 2")]


def test_a_draft_is_published_with_a_note_once_it_says_something_else(outage, draft, keep):
    publish = {"playbook_id": draft.pk, **keep}
    with pytest.raises(InvalidInput, match=r"^Publishing needs a note: what is different"):
        playbooks.publish(**publish, note=" ")
    with pytest.raises(Conflict, match=r"^It says the same as version 1; change something first"):
        playbooks.publish(**publish, note="Nothing.")
    PlaybookTask.objects.create(playbook=draft, phase="recovery", position=3, text="Breathe")
    published = playbooks.publish(**publish, note=" One breath. ")
    assert (published.note, published.published_at) == ("One breath.", LATER)
    assert published.published_by_id == keep["by"].user_id
    assert playbooks.current(outage.pk) == published
    recovery = published.tasks.filter(phase="recovery")
    assert [line.position for line in recovery] == list(range(1, 10))
    assert [line.text for line in recovery][3] == "Breathe"
    with pytest.raises(Conflict, match="is published and never changes; start a draft instead"):
        playbooks.publish(**publish, note="Again.")
    assert audited()[-1] == ("published a playbook", f"{outage}, version 2")


def test_a_draft_without_tasks_is_not_published(draft, keep):
    draft.tasks.all().delete()
    with pytest.raises(InvalidInput, match=r"^A playbook without tasks is none"):
        playbooks.publish(playbook_id=draft.pk, note="x", **keep)
    assert Playbook.objects.get(pk=draft.pk).is_draft


def test_a_discarded_draft_is_gone_and_its_number_is_given_again(outage, draft, keep):
    playbooks.discard_draft(playbook_id=draft.pk, **keep)
    assert list(outage.playbooks.values_list("version", flat=True)) == [1]
    with pytest.raises(NotFound, match="may have been discarded"):
        playbooks.discard_draft(playbook_id=draft.pk, **keep)
    assert playbooks.start_draft(category_id=outage.pk, **keep).version == 2
    current = playbooks.current(outage.pk)
    with pytest.raises(Conflict, match="never changes"):
        playbooks.discard_draft(playbook_id=current.pk, **keep)


def test_a_category_without_a_playbook_starts_with_an_empty_draft(keep):
    cloud = Category.objects.create(key="cloud", name="Cloud")
    draft = playbooks.start_draft(category_id=cloud.pk, **keep)
    assert (draft.version, read(draft)) == (1, [])


def test_only_those_who_keep_registers_change_playbooks(outage, draft, people):
    by = {"by": people.actor("commander"), "at": LATER}
    for call in (
        lambda: playbooks.start_draft(category_id=outage.pk, **by),
        lambda: playbooks.publish(playbook_id=draft.pk, note="x", **by),
        lambda: playbooks.discard_draft(playbook_id=draft.pk, **by),
    ):
        with pytest.raises(NotAllowed):
            call()


# --- the database ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE cases_playbook SET note = 'x' WHERE version = 1",
        "UPDATE cases_playbook SET published_at = NULL WHERE version = 1",
        "DELETE FROM cases_playbook WHERE version = 1",
        "UPDATE cases_playbooktask SET text = 'x' WHERE playbook_id = %(current)s",
        "DELETE FROM cases_playbooktask WHERE playbook_id = %(current)s",
        "UPDATE cases_playbooktask SET playbook_id = %(draft)s WHERE playbook_id = %(current)s",
        "UPDATE cases_playbooktask SET playbook_id = %(current)s WHERE playbook_id = %(draft)s",
        """INSERT INTO cases_playbooktask (playbook_id, phase, position, text, needs_evidence,
            needs_second_person, is_partner_facing)
            VALUES (%(current)s, 'recovery', 1, 'x', false, false, false)""",
    ],
)
def test_a_published_version_changes_for_no_statement(outage, draft, statement):
    current = playbooks.current(outage.pk)
    before = read(current), read(draft)
    with (
        pytest.raises(DatabaseError, match="A published playbook never changes"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, {"current": current.pk, "draft": draft.pk})
    assert (read(current), read(draft)) == before


@pytest.mark.parametrize(
    ("given", "constraint"),
    [
        ({"version": 3}, "playbook_one_draft"),
        ({"version": 1, "published_at": NOW, "note": "x"}, "playbook_version_once"),
        ({"version": 3, "published_at": NOW}, "playbook_published_with_a_note"),
    ],
)
def test_the_database_keeps_versions_apart(outage, draft, given, constraint):
    with pytest.raises(DatabaseError, match=constraint), transaction.atomic():
        Playbook.objects.create(category=outage, **given)


@pytest.mark.django_db(transaction=True)
def test_who_edits_while_somebody_publishes_is_refused_and_nothing_slips_in(
    outage, people, at_once
):
    keep = {"by": people.actor("administrator"), "at": LATER}
    draft = playbooks.start_draft(category_id=outage.pk, **keep)
    draft.tasks.first().delete()

    def publish():
        return playbooks.publish(playbook_id=draft.pk, note="Shorter.", **keep)

    def add():
        with transaction.atomic():
            return PlaybookTask.objects.create(
                playbook_id=draft.pk, phase="recovery", position=99, text="Slipped in"
            )

    published, *added = at_once([publish, add, add, add])
    assert isinstance(published, Playbook)
    kept = [row for row in added if isinstance(row, PlaybookTask)]
    assert draft.tasks.filter(text="Slipped in").count() == len(kept)
    assert AuditEvent.objects.get(action="published a playbook").detail["tasks"] <= (
        draft.tasks.count()
    )
    refusals = [str(row) for row in added if isinstance(row, DatabaseError)]
    assert all("never changes" in words for words in refusals)


# --- incidents ------------------------------------------------------------------------------------


def publish_shorter(outage: Category, keep) -> Playbook:
    draft = playbooks.start_draft(category_id=outage.pk, **keep)
    draft.tasks.filter(phase="recovery").delete()
    return playbooks.publish(playbook_id=draft.pk, note="No recovery.", **keep)


def texts(incident: Incident) -> set[tuple[str, str]]:
    return set(incident.tasks.values_list("phase", "text"))


def test_an_incident_keeps_the_version_that_it_started_with(outage, keep, declare, evaluate):
    old = evaluate(declare())
    first = old.playbook
    second = publish_shorter(outage, keep)
    new = evaluate(declare())
    old = evaluate(old)
    assert (old.playbook, new.playbook) == (first, second)
    assert old.tasks.filter(phase="recovery").count() == 8
    assert new.tasks.filter(phase="recovery").count() == 0


def test_another_category_lays_out_its_own_and_what_nobody_took_up_gives_way(
    declare, evaluate, people, walk
):
    incident = evaluate(declare())
    first, owned, proven, *_ = incident.tasks.filter(phase="containment")
    step = {"incident_id": incident.pk, "by": people.actor("responder"), "at": LATER}
    tasks.end(**step, task_ids=[first.pk], state="done", note="Seen.")
    tasks.assign(**step, task_id=owned.pk, owner_id=people["commander"].pk, due_at=None)
    walk(incident).prove(task_id=proven.pk)
    kept = {("containment", task.text) for task in (first, owned, proven)}
    incident = evaluate(incident, "data_integrity")
    other = playbooks.current(Category.objects.get(key="data_integrity").pk)
    assert incident.playbook == other
    assert texts(incident) == kept | {(t.phase, t.text) for t in other.tasks.all()}
    incident = evaluate(incident, "outage")  # and back: nothing stands there twice
    assert incident.tasks.count() == len(texts(incident)) == 23


def test_a_person_who_declares_a_category_has_its_tasks_at_once_and_a_source_has_not(
    declare, outage, evaluate
):
    chosen = declare(category_id=outage.pk)
    assert (chosen.playbook, chosen.tasks.count()) == (playbooks.current(outage.pk), 23)
    assert declare().playbook is None
    opening = workflow.Opening(
        title="Stale prices",
        detection="alert",
        detected_by="source “prod-eu”",
        detected_at=NOW,
        category_id=outage.pk,
    )
    assumed = workflow.open_incident(opening=opening, by=SYSTEM, at=NOW)
    assert (assumed.playbook, assumed.tasks.count()) == (None, 0)
    assert evaluate(assumed).tasks.count() == 23


# --- what changed ---------------------------------------------------------------------------------


def line(position: int, text: str, phase: str = "recovery", **marks: bool) -> PlaybookTask:
    return PlaybookTask(phase=phase, position=position, text=text, **marks)


def test_what_changed_is_said_line_by_line():
    before = [
        line(1, "Fail back or declare the new site normal"),
        line(2, "Prove backlog zero"),
        line(3, "Run a synthetic order"),
        line(4, "All-clear notice"),
    ]
    after = [
        line(1, "Fail back, or declare the new site normal", needs_second_person=True),
        line(2, "Run a synthetic order"),
        line(3, "Prove backlog zero", needs_evidence=True),
        line(4, "Call the venue"),
        line(1, "All-clear notice", "containment"),
    ]
    found = [(c.kind, c.phase, c.text, c.detail) for c in page.changes(before, after)]
    assert found == [
        ("added", "Containment", "All-clear notice", ""),
        (
            "reworded",
            "Recovery",
            "Fail back, or declare the new site normal",
            "Fail back or declare the new site normal",
        ),
        (
            "marks",
            "Recovery",
            "Fail back, or declare the new site normal",
            "now a second person",
        ),
        ("moved", "Recovery", "Run a synthetic order", "to place 2"),
        ("marks", "Recovery", "Prove backlog zero", "now evidence"),
        ("added", "Recovery", "Call the venue", ""),
        ("removed", "Recovery", "All-clear notice", ""),
    ]
    assert page.changes(before, before) == []
