"""A TLP:RED piece of evidence has a number and no title for who may not see it."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.base import ContentFile

from cases import evaluation, evidence, response, tasks, workflow
from cases.evaluation import Evaluation, Support
from cases.models import AffectedSystem, Basis, Category, Evidence, Incident, System, Task
from incidentdesk.kernel.errors import InvalidInput
from tests.cases.admin.conftest import address, page_of, text_of
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
WORD = "ZEBRA"  # in the title and the file name of the piece, and nowhere else


@pytest.fixture
def red(declare, people) -> Evidence:
    """A piece that shows a task and a system, of an incident that the commander commands."""
    step = {"incident_id": declare().pk, "by": people.actor("commander"), "at": NOW}
    workflow.take_command(**step)
    task = tasks.add(**step, phase="recovery", text="Rotate keys")
    system = response.add_system(**step, system_id=System.objects.create(name="gw").pk)
    return evidence.add(
        **step,
        upload=ContentFile(b"x", name=f"{WORD}.txt"),
        title=WORD,
        collector="Responder",
        collected_at=NOW,
        tlp="RED",
        task_id=task.pk,
        affected_id=system.pk,
    )


def evaluate(piece: Evidence, by: Any) -> Incident:
    """The impact rests on the piece."""
    found = Evaluation(
        category_id=Category.objects.order_by("pk")[0].pk,
        impact=2,
        scope=2,
        urgency=2,
        bases={"impact": Support(evidence_id=piece.pk)},
    )
    return evaluation.evaluate(incident_id=piece.incident_id, found=found, by=by, at=NOW)


def test_no_page_of_its_incident_names_it(red, people, as_):
    evaluate(red, people.actor("commander"))
    incident = red.incident
    tabs = ("timeline", "tasks", "systems", "evidence", "history", "messages")
    paths = [f"{page_of(incident)}?tab={tab}" for tab in tabs]
    paths += [f"/admin/cases/incident/{incident.pk}/{page}/" for page in ("print", "history")]
    paths += [address(incident, "evaluate"), "/admin/cases/task/"]
    answers = {path: as_("responder").get(path) for path in paths}
    assert {answer.status_code for answer in answers.values()} == {200}
    assert [path for path, answer in answers.items() if WORD in answer.content.decode()] == []


def test_where_it_stands_it_is_called_by_its_number(red, people, as_):
    incident = evaluate(red, people.actor("commander"))
    called = f"a TLP:RED piece, number {red.pk}"
    assert str(Basis.objects.get()) == called
    for tab in ("tasks", "systems"):
        for key in ("responder", "commander"):
            page = text_of(as_(key).get(f"{page_of(incident)}?tab={tab}"))
            assert f"evidence: {called}" in page
    assert f"Keep: {called}" in text_of(as_("responder").get(address(incident, "evaluate")))


def test_it_is_offered_as_a_basis_to_those_who_may_see_it(red, as_):
    where = address(red.incident, "evaluate")
    assert f"Evidence: {WORD}" in text_of(as_("commander").get(where))
    assert "Evidence: " not in text_of(as_("responder").get(where))


def test_it_supports_no_value_for_who_may_not_see_it(red, people):
    with pytest.raises(InvalidInput) as refused:
        evaluate(red, people.actor("responder"))
    assert str(refused.value) == (
        "What supports a value has to belong to this incident; look at the page again."
    )
    assert list(Basis.objects.all()) == []
    evaluate(red, people.actor("commander"))
    assert list(Basis.objects.values_list("axis", "evidence")) == [("impact", red.pk)]
    assert (Task.objects.get(evidence=red).text, AffectedSystem.objects.count()) == (
        "Rotate keys",
        1,
    )
