"""Dialogs that run: what was typed stays when it is refused, and the page says what was done."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cases import facts, gates
from cases.models import Category, Entry, Incident, Phase, System
from tests.cases.admin.conftest import address, page_of, state_of, text_of
from tests.conftest import NOW

IN_PLACE = {"X-Dialog": "1"}


@pytest.mark.parametrize(
    ("phase", "move"),
    [
        ("identification", "begin_containment"),
        ("containment", "begin_mitigation"),
        ("mitigation", "begin_recovery"),
    ],
)
@pytest.mark.parametrize("headers", [{}, IN_PLACE])
def test_an_early_move_is_refused_in_the_gates_words_and_changes_nothing(
    phase, move, headers, as_, incident_in
):
    incident, browser = incident_in(phase), as_("commander")
    before = state_of(incident)
    unmet = [c for c in gates.check(move, facts.of(incident, at=NOW)) if not c.is_met]
    shown = text_of(browser.get(address(incident, move), headers=headers))
    answer = browser.post(address(incident, move), headers=headers)
    assert answer.status_code == 422
    assert unmet
    for checked in unmet:
        assert checked.gate.words in shown
        assert checked.words in text_of(answer)
    assert state_of(incident) == before


def test_a_move_that_is_ready_moves_and_says_so(as_, incident_in, walk):
    incident, browser = incident_in("containment"), as_("commander")
    walk(incident).ready_for_mitigation()
    page = browser.get(page_of(incident)).content.decode()
    assert 'class="btn p" href="' + address(incident, "begin_mitigation") in page
    answer = browser.post(address(incident, "begin_mitigation"), headers=IN_PLACE)
    assert answer.headers["X-Location"] == page_of(incident)
    assert Incident.objects.get(pk=incident.pk).phase == Phase.MITIGATION
    assert "is in Mitigation." in text_of(browser.get(page_of(incident)))


def test_a_second_click_is_refused_in_words(as_, incident_in):
    incident, browser = incident_in("mitigation"), as_("commander")
    answer = browser.post(address(incident, "begin_mitigation"))
    assert answer.status_code == 422
    assert f"{incident.reference} is in Mitigation by now" in text_of(answer)


def test_what_was_typed_is_kept_when_it_is_refused(as_, incident_in):
    incident, browser = incident_in("containment"), as_("responder")
    ids = list(incident.tasks.filter(phase="containment").values_list("pk", flat=True))
    form = {"tasks": ids[:1], "state": "done", "note": "Done in the pool."}
    assert browser.post(address(incident, "end_tasks"), form).status_code == 302
    form["tasks"] = ids[:2]
    answer = browser.post(address(incident, "end_tasks"), form)
    assert answer.status_code == 422
    assert "Done in the pool." in text_of(answer)
    assert incident.tasks.filter(state="done").count() == 1


def test_declaring_opens_an_incident_and_goes_to_its_page(as_, people):
    browser = as_("responder")
    form = {
        "title": "Orders rejected",
        "category": Category.objects.get(key="outage").pk,
        "impact": "3",
        "scope": "",
        "urgency": "2",
    }
    answer = browser.post("/admin/cases/incident/do/declare/", form, headers=IN_PLACE)
    incident = Incident.objects.get()
    assert answer.headers["X-Location"] == page_of(incident) == incident.url
    assert (incident.impact, incident.scope, incident.detection) == (3, None, "staff")
    assert incident.detected_by == f"staff · {people['responder'].name}"
    assert f"{incident.reference} is open." in text_of(browser.get(incident.url))


def test_what_lies_in_the_future_cannot_be_declared(as_):
    form = {"title": "Orders rejected", "occurred_at": "2999-01-01T10:00"}
    answer = as_("responder").post("/admin/cases/incident/do/declare/", form)
    assert answer.status_code == 422
    assert "This time lies in the future" in text_of(answer)
    assert not Incident.objects.exists()


def _as_shown(incident):
    return {
        "category": incident.category_id,
        "impact": incident.impact,
        "scope": incident.scope,
        "urgency": incident.urgency,
        "detected_at": incident.detected_at.strftime("%Y-%m-%dT%H:%M"),
        "tlp": incident.tlp,
    }


def test_evaluating_keeps_the_seconds_of_a_time_that_nobody_touched(as_, declare, walk):
    at = walk(declare()).at - timedelta(hours=1, seconds=-23)
    incident = declare(at=at, category_id=Category.objects.get(key="outage").pk)
    minute = at.strftime("%Y-%m-%dT%H:%M")
    form = _as_shown(incident) | {"occurred_at": minute, "aware_at": minute, "is_confirmed": "on"}
    answer = as_("responder").post(address(incident, "evaluate"), form)
    assert answer.status_code == 302
    after = Incident.objects.get(pk=incident.pk)
    assert after.detected_at == at == after.aware_at
    assert after.occurred_at == at.replace(second=0)
    assert after.confirmed_at is not None


def test_a_time_that_cannot_be_is_marked_at_its_field(as_, declare):
    incident = declare(category_id=Category.objects.get(key="outage").pk)
    before = (incident.detected_at - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    said = ["We cannot have been aware before it was detected; check the two times."]
    browser = as_("responder")
    evaluated = browser.post(
        address(incident, "evaluate"), _as_shown(incident) | {"aware_at": before}
    )
    assert evaluated.context["form"].errors == {"aware_at": said}
    form = {"name": "aware_at", "value": before, "reason": "The log says so."}
    corrected = browser.post(address(incident, "correct_time"), form)
    assert corrected.context["form"].errors == {"value": said}


def test_only_a_commander_lowers_a_severity_and_says_why(as_, incident_in):
    incident = incident_in("containment")
    form = _as_shown(incident) | {"impact": "1", "scope": "1", "urgency": "1"}
    refused = as_("responder").post(address(incident, "evaluate"), form)
    assert (refused.status_code, "may not command" in text_of(refused)) == (422, True)
    unsaid = as_("commander").post(address(incident, "evaluate"), form)
    assert "needs a reason" in text_of(unsaid)
    done = as_("commander").post(address(incident, "evaluate"), form | {"reason": "Contained."})
    assert done.status_code == 302
    assert Incident.objects.get(pk=incident.pk).severity == 4


def test_a_dialog_comes_filled_in_for_the_row_that_its_button_stood_at(as_, incident_in):
    incident, browser = incident_in("containment"), as_("commander")
    involvement = incident.involvements.get()
    edit = browser.get(
        address(incident, "edit_involvement"), {"involvement": involvement.pk}, headers=IN_PLACE
    ).content.decode()
    assert involvement.meaning in edit
    assert involvement.title in edit
    signing = browser.get(address(incident, "sign"), {"key": "no_growth"}, headers=IN_PLACE)
    assert signing.content.decode().count('type="radio"') == 1
    task = incident.tasks.filter(phase="containment").first()
    ending = browser.get(address(incident, "end_tasks"), {"tasks": task.pk}, headers=IN_PLACE)
    assert ending.content.decode().count('name="tasks"') == 1


@pytest.mark.asvs("8.2.2", 1)
@pytest.mark.mistake(2)
def test_a_row_of_another_incident_cannot_be_named(as_, incident_in, declare):
    theirs = incident_in("containment").involvements.get()
    incident = declare(title="Another")
    form = {"involvement": theirs.pk, "title": "x", "meaning": "y", "severity": "1"}
    for action in ("edit_involvement", "disclose"):
        assert as_("commander").post(address(incident, action), form).status_code == 422
    theirs.refresh_from_db()
    assert theirs.title != "x"


def test_the_timelines_own_form_posts_an_update(as_, incident_in):
    incident, browser = incident_in("containment"), as_("responder")
    page = browser.get(page_of(incident)).content.decode()
    assert f'class="post" method="post" action="{address(incident, "post_update")}"' in page
    said = "Sequence gap <b>since</b> 09:38"
    answer = browser.post(address(incident, "post_update"), {"text": said}, follow=True)
    assert answer.redirect_chain == [(page_of(incident), 302)]
    assert "Sequence gap &lt;b&gt;since&lt;/b&gt; 09:38" in answer.content.decode()


def test_every_responders_dialog_does_what_it_says(as_, incident_in):
    incident, browser = incident_in("containment"), as_("commander")
    other = System.objects.create(name="order-router")
    steps = [
        ("override_severity", {"severity": "1", "reason": "Orders stop."}),
        ("add_system", {"system": other.pk}),
        ("add_task", {"phase": "containment", "text": "Call the vendor"}),
        ("record_cause", {"cause": "A stuck handler."}),
        ("step_back", {"reason": "Too early."}),
        ("dismiss", {"reason": "A test."}),
        ("reopen", {"reason": "It was none."}),
    ]
    for name, form in steps:
        before = Entry.objects.filter(incident=incident).count()
        answer = browser.post(address(incident, name), form)
        assert answer.status_code == 302, (name, text_of(answer))
        assert Entry.objects.filter(incident=incident).count() > before, name
    assert Incident.objects.get(pk=incident.pk).phase == Phase.IDENTIFICATION


def test_paging_somebody_pages_them(as_, incident_in, people):
    incident, browser = incident_in("containment"), as_("responder")
    nobody = browser.post(address(incident, "page"), {"note": "Help"})
    assert "Choose a person or a group" in text_of(nobody)
    form = {"people": [people["security"].pk], "note": "Help"}
    answer = browser.post(address(incident, "page"), form, follow=True)
    assert "One person is paged." in text_of(answer)
    messages = browser.get(page_of(incident), {"tab": "messages"})
    assert people["security"].name in text_of(messages)
