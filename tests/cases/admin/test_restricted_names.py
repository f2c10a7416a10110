"""A restricted incident in what is read of others: it has no name there, whatever led to it."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile

from cases import disclosure, evidence, response, restriction, splitting, tasks, workflow
from cases.intake import alerts
from cases.intake.signal import Action, Signal
from cases.models import Alert, Evidence, Incident, Task
from incidentdesk.kernel import clocks
from incidentdesk.kernel.models import AuditEvent
from tests.cases.admin.conftest import page_of, text_of
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)
WORD = "ZEBRA"  # in the title of the hidden incident, and nowhere else
UNNAMED = "a restricted incident"


def restrict(incident: Incident, people: Any) -> Incident:
    by = people.actor("commander")
    restriction.restrict(incident_id=incident.pk, user_ids=[], reason="x", by=by, at=LATER)
    return Incident.objects.get(pk=incident.pk)


def named_in(browser: Any, incident: Incident, *paths: str) -> list[str]:
    """The pages that name the incident; each answers."""
    answers = {path: browser.get(path) for path in paths}
    assert {answer.status_code for answer in answers.values()} == {200}
    words = (WORD, incident.reference)
    return [p for p, a in answers.items() if any(w in a.content.decode() for w in words)]


@pytest.fixture
def merged(declare, people) -> tuple[Incident, Incident]:
    """An ordinary incident that was merged into a restricted one, which it points to."""
    hidden, other = restrict(declare(title=WORD), people), declare(title="Ordinary")
    by = people.actor("commander")
    workflow.dismiss(
        incident_id=other.pk, reason="x", duplicate_of=hidden.reference, by=by, at=LATER
    )
    return hidden, other


@pytest.fixture
def moved(declare, people) -> tuple[Incident, Incident, Evidence, Task]:
    """What had been in a restricted incident when it was merged, and stayed when it was parted."""
    hidden, other = declare(title=WORD), declare(title="Ordinary")
    step = {"incident_id": hidden.pk, "by": people.actor("commander"), "at": NOW}
    task = tasks.add(**step, phase="recovery", text="Rotate keys")
    piece = evidence.add(
        **step,
        upload=ContentFile(b"x", name="x.txt"),
        title="Extract",
        collector="Responder",
        collected_at=NOW,
    )
    workflow.dismiss(**step, reason="x", duplicate_of=other.reference)
    workflow.reopen(**step, reason="x")
    return restrict(hidden, people), other, piece, task


# --- the field history ----------------------------------------------------------------------------


def test_the_history_of_what_was_merged_into_it_does_not_name_it(merged, as_):
    hidden, other = merged
    paths = (f"{page_of(other)}?tab=history", f"/admin/cases/incident/{other.pk}/history/")
    assert named_in(as_("responder"), hidden, *paths) == []
    assert named_in(as_("commander"), hidden, *paths) == list(paths)
    for path in paths:
        assert f"duplicate of — → {UNNAMED}" in text_of(as_("responder").get(path))


def test_the_histories_of_what_was_moved_out_of_it_do_not_name_it(moved, as_):
    hidden, other, piece, task = moved
    paths = (
        f"{page_of(other)}?tab=history",
        f"/admin/cases/evidence/{piece.pk}/history/",
        f"/admin/cases/task/{task.pk}/history/",
    )
    assert named_in(as_("responder"), hidden, *paths) == []
    assert named_in(as_("commander"), hidden, *paths[1:]) == list(paths[1:])
    for path in paths[1:]:
        assert f"incident {UNNAMED} → {other}" in text_of(as_("responder").get(path))


def test_a_task_that_stays_hidden_has_no_name_in_the_history_of_what_had_been_for_it(
    declare, people, as_
):
    hidden, other = declare(title="x"), declare(title="Ordinary")
    step = {"incident_id": hidden.pk, "by": people.actor("commander"), "at": NOW}
    task = tasks.add(**step, phase="recovery", text=WORD)
    piece = evidence.add(
        **step,
        upload=ContentFile(b"x", name="x.txt"),
        title="Extract",
        collector="Responder",
        collected_at=NOW,
        task_id=task.pk,
    )
    Evidence.objects.filter(pk=piece.pk).update(incident=other, task=None)
    restrict(hidden, people)
    path = f"/admin/cases/evidence/{piece.pk}/history/"
    assert named_in(as_("responder"), hidden, path) == []
    assert f"task {WORD} → —" in text_of(as_("commander").get(path))


def test_a_reference_that_a_partner_knows_it_by_has_no_name_in_a_history(
    declare, people, helix, as_
):
    hidden, other = restrict(declare(title=WORD), people), declare(title="Ordinary")
    by, references = people.actor("commander"), list[str]()
    for incident in (other, hidden):
        part = disclosure.add_partner(
            incident_id=incident.pk,
            partner_id=helix.pk,
            title="T",
            meaning="M",
            severity=2,
            by=by,
            at=LATER,
        )
        disclosure.disclose(incident_id=incident.pk, involvement_id=part.pk, by=by, at=LATER)
        references.append(incident.involvements.get().reference)
    workflow.dismiss(
        incident_id=other.pk, reason="x", duplicate_of=hidden.reference, by=by, at=LATER
    )
    path = f"{page_of(other)}?tab=history"
    for key, name in (("responder", UNNAMED), ("commander", references[1])):
        page = text_of(as_(key).get(path))
        assert f"reference — → {references[0]}" in page
        assert f"continued as — → {name}" in page


@pytest.mark.parametrize("capitals", [str.upper, str.lower])
def test_what_people_wrote_of_it_has_no_name_on_timelines_and_in_histories(
    declare, people, as_, capitals
):
    hidden, other = restrict(declare(title=WORD), people), declare(title="Ordinary")
    by, name = people.actor("commander"), capitals(hidden.reference)
    response.post_update(incident_id=other.pk, text=f"See {name}.", by=by, at=LATER)
    Incident.objects.filter(pk=other.pk).update(cause=f"As {name}")
    Incident.objects.filter(pk=other.pk).update(cause="Disk")
    for tab, words in (("timeline", "See {}."), ("history", "cause As {} → Disk")):
        page = f"{page_of(other)}?tab={tab}"
        assert words.format(UNNAMED) in text_of(as_("responder").get(page))
        assert words.format(name) in text_of(as_("commander").get(page))


# --- pages and files ------------------------------------------------------------------------------


def test_the_record_of_what_was_merged_into_it_does_not_name_it(merged, as_):
    hidden, other = merged
    path = f"/admin/cases/incident/{other.pk}/print/"
    assert named_in(as_("responder"), hidden, path) == []
    assert f"as a duplicate of {UNNAMED}" in text_of(as_("responder").get(path))
    assert f"as a duplicate of {hidden.reference}" in text_of(as_("commander").get(path))


def test_a_part_does_not_name_what_it_was_split_from(people, source, as_):
    signals = [Signal(Action.FIRE, "a", "a", "One"), Signal(Action.FIRE, "b", "a", "Two")]
    alerts.receive(source=source, raw="{}", signals=signals, at=NOW)
    leaves = Alert.objects.latest("pk")
    hidden, by = leaves.incident, people.actor("commander")
    part = splitting.split(
        incident_id=hidden.pk, alert_ids=[leaves.pk], title="Part", reason="x", by=by, at=NOW
    )
    restrict(hidden, people)
    paths = [page_of(part), *(f"{page_of(part)}?tab={tab}" for tab in ("history", "alerts"))]
    paths += [f"/admin/cases/incident/{part.pk}/{page}/" for page in ("history", "print")]
    assert named_in(as_("responder"), hidden, *paths) == []
    assert part.detected_by == "alerts of another incident"


def test_the_custody_of_what_was_moved_out_of_it_does_not_name_it(moved, as_):
    hidden, other, piece, _ = moved
    paths = (f"{page_of(other)}?tab=evidence", page_of(piece))
    detail = f"with {{}} into {other.reference}"
    assert named_in(as_("responder"), hidden, *paths) == []
    for path in paths:
        assert detail.format(UNNAMED) in text_of(as_("responder").get(path))
        assert detail.format(hidden.reference) in text_of(as_("commander").get(path))


def test_the_exported_custody_does_not_name_it(moved, as_):
    hidden, other, _, _ = moved
    details = {}
    for key in ("responder", "commander"):
        answer = as_(key).post(f"/admin/cases/evidence/export/{other.pk}/")
        with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as packed:
            chain = json.loads(packed.read("manifest.json"))["evidence"][0]["custody"]
        details[key] = [link["detail"] for link in chain if link["action"] == "moved"]
    assert details == {
        "responder": [f"with {UNNAMED} into {other.reference}"],
        "commander": [f"with {hidden.reference} into {other.reference}"],
    }


# --- the auditor ----------------------------------------------------------------------------------


def test_the_auditors_reading_of_a_history_and_of_the_dashboard_is_recorded(declare, people, as_):
    hidden, auditor = restrict(declare(title=WORD), people), as_("auditor")
    for path in (f"/admin/cases/incident/{hidden.pk}/history/", "/admin/"):
        assert WORD in auditor.get(path).content.decode()
    assert _readings() == [hidden.about, "incident:list"]


def test_a_dashboard_that_fetches_itself_is_one_reading_an_hour(as_, monkeypatch):
    auditor = as_("auditor")
    for minutes, readings in ((0, 1), (1, 1), (59, 1), (61, 2)):
        monkeypatch.setattr(clocks, "now", lambda m=minutes: NOW + timedelta(minutes=m))
        assert auditor.get("/admin/").status_code == 200
        assert _readings() == ["incident:list"] * readings
    as_("commander").get("/admin/")
    assert AuditEvent.objects.filter(action="read").count() == 2


def _readings() -> list[str]:
    """What the auditor's readings were of, in order."""
    found = AuditEvent.objects.filter(action="read").order_by("id")
    return list(found.values_list("about", flat=True))
