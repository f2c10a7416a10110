"""The evaluation on the desk: definitions, what supports a value, what follows, and the times."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from cases import evaluation, response
from cases.models import Alert, AxisLevel, Category, Entry, Incident, SeverityFloor
from incidentdesk.kernel import clocks
from tests.cases.admin.conftest import WRITES, address, page_of, sql_of, state_of, text_of
from tests.conftest import NOW

IN_PLACE = {"X-Dialog": "1"}


@pytest.fixture(autouse=True)
def _at_nine(monkeypatch):
    monkeypatch.setattr(clocks, "now", lambda: NOW + timedelta(hours=3))


def follows(incident: Incident) -> str:
    return reverse("admin:cases_incident_follows", args=[incident.pk])


def form_of(incident: Incident, **changes) -> dict[str, object]:
    """What the dialog sends as it is shown."""
    return {
        "category": incident.category_id or Category.objects.get(key="outage").pk,
        "impact": incident.impact or "",
        "scope": incident.scope or "",
        "urgency": incident.urgency or "",
        "detected_at": incident.detected_at.strftime("%Y-%m-%dT%H:%M"),
        "tlp": incident.tlp,
        **changes,
    }


@pytest.fixture
def with_alert(declare, source):
    incident = declare(title="Stale quotes")
    alert = Alert.objects.create(
        source=source,
        incident=incident,
        external_key="k",
        group_key="g",
        title="Quote age 40 s",
        first_at=NOW,
        last_at=NOW,
    )
    return incident, alert


# --- the dialog -----------------------------------------------------------------------------------


def test_every_value_is_shown_with_its_definition(as_, declare):
    AxisLevel.objects.filter(axis="impact", value=4).update(definition="Orders are <wrong>.")
    page = as_("responder").get(address(declare(), "evaluate"), headers=IN_PLACE)
    words = text_of(page)
    for level in AxisLevel.objects.exclude(axis="impact", value=4):
        assert f"{level} {level.definition}" in words
    assert "Orders are &lt;wrong&gt;." in page.content.decode()
    for floor in SeverityFloor.objects.all():
        assert str(floor) in words


def test_a_floor_that_is_switched_off_is_not_offered(as_, declare):
    SeverityFloor.objects.filter(key="ten_percent").update(is_active=False)
    page = as_("responder").get(address(declare(), "evaluate"), headers=IN_PLACE)
    assert 'value="ten_percent"' not in page.content.decode()


def test_what_belongs_to_the_incident_is_offered_and_nothing_else(as_, with_alert, declare, source):
    incident, alert = with_alert
    theirs = declare(title="Another")
    Alert.objects.create(
        source=source,
        incident=theirs,
        external_key="x",
        group_key="x",
        title="Not ours",
        first_at=NOW,
        last_at=NOW,
    )
    page = as_("responder").get(address(incident, "evaluate"), headers=IN_PLACE).content.decode()
    assert page.count(f'value="alert:{alert.pk}"') == 3
    assert "Not ours" not in page


def test_saving_keeps_what_supports_each_value_and_shows_it_on_the_page(as_, with_alert, people):
    incident, alert = with_alert
    form = form_of(
        incident,
        impact_basis_0=f"alert:{alert.pk}",
        scope_basis_1="Only Helix calls in",
        urgency_basis_0=f"alert:{alert.pk}",
        urgency_basis_1="The market is open",
    )
    browser = as_("responder")
    assert browser.post(address(incident, "evaluate"), form).status_code == 302
    words = text_of(browser.get(page_of(incident)))
    who = people["responder"].name
    assert f"Impact I2 moderate Quote age 40 s {who}" in words
    assert f"Scope S2 one Only Helix calls in {who}" in words
    assert f"Urgency U2 today The market is open (Quote age 40 s) {who}" in words
    dialog = text_of(browser.get(address(incident, "evaluate"), headers=IN_PLACE))
    assert "Keep: Only Helix calls in" in dialog


def test_a_value_that_changed_and_one_that_is_open_say_what_they_lack(as_, declare):
    incident, browser = declare(), as_("responder")
    browser.post(address(incident, "evaluate"), form_of(incident, impact_basis_1="Seen."))
    browser.post(address(incident, "evaluate"), form_of(incident, impact=3, scope=""))
    words = text_of(browser.get(page_of(incident)))
    assert "Impact I3 high Nothing supports this value yet." in words
    assert "Scope is open: counts as S3 until answered" in words


def test_what_is_not_of_this_incident_supports_nothing(as_, with_alert, declare):
    theirs = declare(title="Another")
    before = state_of(theirs)
    form = form_of(theirs, impact_basis_0=f"alert:{with_alert[1].pk}")
    answer = as_("responder").post(address(theirs, "evaluate"), form)
    assert answer.status_code == 422
    assert state_of(theirs) == before


# --- what follows ---------------------------------------------------------------------------------


def test_the_dialog_says_what_follows_before_anything_is_saved(as_, declare):
    page = as_("responder").get(address(declare(), "evaluate"), headers=IN_PLACE)
    assert 'data-follows="/admin/cases/incident/' in page.content.decode()
    words = text_of(page)
    assert "What follows SEV-3 I2 × S2 × U2 as it is" in words
    assert "Show what follows" in words


def test_a_choice_is_answered_with_what_follows_and_changes_nothing(as_, declare):
    incident, browser = declare(), as_("responder")
    before = state_of(incident)
    form = form_of(incident, impact=4, urgency="", floors=["personal_data"], is_confirmed="on")
    words = text_of(browser.get(follows(incident), form))
    assert "SEV-1 I4 × S2 × U3 (assumed) worse than SEV-3 now" in words
    assert "Urgency is open and counts as U3 until somebody answers it." in words
    assert "Path SEV-1. It begins anew at once. at once: First responders" in words
    assert "Contained by 10:41 (was " in words
    assert "Review held 3 days after recovery" in words
    assert "Partner notice by 13:11, to every affected partner; none is listed yet" in words
    assert state_of(incident) == before
    assert [sql for sql in sql_of(browser, follows(incident), data=form) if WRITES.match(sql)] == []


def test_it_says_who_may_lower_it(as_, incident_in):
    incident = incident_in("containment")
    form = form_of(incident, impact=1, is_confirmed="on")
    words = text_of(as_("responder").get(follows(incident), form))
    assert "This lowers the severity; only a commander can, with a reason." in words
    words = text_of(as_("commander").get(follows(incident), form))
    assert "This lowers the severity; say why in the reason." in words


def test_half_filled_answers_are_answered_as_far_as_they_go(as_, declare):
    incident = declare()
    words = text_of(as_("responder").get(follows(incident), {"impact": "9", "detected_at": "x"}))
    assert "SEV-3 I2 × S3 (assumed) × U3 (assumed)" not in words
    assert "SEV-" in words
    assert as_("responder").get(follows(incident)).status_code == 200


def test_it_is_there_for_those_who_evaluate_and_for_reading_only(as_, declare):
    incident = declare()
    assert as_("responder").post(follows(incident)).status_code == 404
    assert as_("communications").get(follows(incident)).status_code == 404
    assert as_("responder").get(follows(incident).replace(str(incident.pk), "9")).status_code == 404


def test_without_a_script_a_button_shows_it_and_saves_nothing(as_, declare):
    incident = declare()
    before = state_of(incident)
    form = form_of(incident, impact=4, show="1", impact_basis_1="Seen.")
    answer = as_("responder").post(address(incident, "evaluate"), form)
    words = text_of(answer)
    assert answer.status_code == 422
    assert "Nothing is saved yet; look at what would follow." in words
    assert "SEV-1 I4 × S2 × U2 worse than SEV-3 now" in words
    assert 'value="Seen."' in answer.content.decode()
    assert state_of(incident) == before


def test_it_costs_the_same_with_one_alert_and_with_thirty(as_, with_alert, source):
    incident, _ = with_alert
    browser = as_("responder")
    few = [len(sql_of(browser, url)) for url in (follows(incident), address(incident, "evaluate"))]
    for number in range(30):
        Alert.objects.create(
            source=source,
            incident=incident,
            external_key=f"m{number}",
            group_key="g",
            title=f"More {number}",
            first_at=NOW,
            last_at=NOW,
        )
    many = [len(sql_of(browser, url)) for url in (follows(incident), address(incident, "evaluate"))]
    assert few == many
    assert max(many) <= 35


# --- times ----------------------------------------------------------------------------------------


def test_the_page_shows_each_time_with_who_entered_it(as_, incident_in, people):
    incident = incident_in("review")
    words = text_of(as_("responder").get(page_of(incident)))
    commander, responder = people["commander"].name, people["responder"].name
    assert f"Occurred 09:38 {commander} Detected 09:41 {responder}" in words
    for label in ("Aware", "Confirmed", "Contained", "Recovered", "Resolved"):
        at = getattr(incident, f"{label.lower()}_at")
        assert f"{label} {at:%H:%M} {commander}" in words
    assert "History of times" in words


def test_a_time_is_corrected_in_a_dialog_that_comes_filled_in(as_, declare):
    incident, browser = declare(at=NOW + timedelta(seconds=23)), as_("responder")
    dialog = browser.get(
        address(incident, "correct_time"), {"name": "detected_at"}, headers=IN_PLACE
    )
    assert 'value="2026-03-04T09:41"' in dialog.content.decode()
    form = {"name": "detected_at", "value": "2026-03-04T09:30", "reason": "The log says so."}
    answer = browser.post(address(incident, "correct_time"), form, follow=True)
    assert "Detected is 4 Mar 2026 09:30 UTC now." in text_of(answer)
    assert "changed 1×" in text_of(browser.get(page_of(incident)))
    assert (
        Entry.objects.filter(incident=incident)
        .latest("sequence")
        .body.startswith("Detected corrected from 4 Mar 2026 09:41")
    )


def test_the_time_as_it_is_shown_is_no_correction(as_, declare):
    incident = declare(at=NOW + timedelta(seconds=23))
    form = {"name": "detected_at", "value": "2026-03-04T09:41", "reason": "None."}
    answer = as_("responder").post(address(incident, "correct_time"), form)
    assert (answer.status_code, "stands there already" in text_of(answer)) == (422, True)
    assert Incident.objects.get(pk=incident.pk).detected_at == NOW + timedelta(seconds=23)


def test_the_history_shows_every_change_and_the_way_to_correct_it(as_, declare, people):
    incident, browser = declare(), as_("responder")
    evaluation.correct_time(
        incident_id=incident.pk,
        name="detected_at",
        value=NOW - timedelta(minutes=11),
        reason="The log.",
        by=people.actor("commander"),
        at=NOW + timedelta(hours=1),
    )
    url = reverse("admin:cases_incident_times", args=[incident.pk])
    page = browser.get(url)
    words = text_of(page)
    commander, responder = people["commander"].name, people["responder"].name
    assert f"10:41 {commander} 09:41 09:30 09:41 {responder} — 09:41" in words
    assert "Contained — Nobody has entered it yet." in words
    links = page.content.decode()
    assert "correct_time/?name=detected_at" in links
    assert "correct_time/?name=occurred_at" in links
    assert "correct_time/?name=contained_at" not in links
    assert "correct_time" not in as_("auditor").get(url).content.decode()
    assert browser.get(url.replace(f"/{incident.pk}/", "/99/")).status_code == 404


def test_the_history_costs_the_same_with_one_change_and_with_thirty(as_, declare, people):
    incident, browser = declare(), as_("responder")
    url = reverse("admin:cases_incident_times", args=[incident.pk])
    few = len(sql_of(browser, url))
    for number in range(30):
        evaluation.correct_time(
            incident_id=incident.pk,
            name="detected_at",
            value=NOW - timedelta(minutes=number + 1),
            reason="Again.",
            by=people.actor("commander"),
            at=NOW,
        )
    assert few == len(sql_of(browser, url)) <= 12


def test_a_matrix_that_changed_since_is_said_on_the_page(as_, declare, people):
    incident = declare()
    cells = [1] * 48
    evaluation.change_matrix(
        cells=cells, reason="A drill.", by=people.actor("administrator"), at=NOW
    )
    words = text_of(as_("responder").get(page_of(incident)))
    assert "By the rules in force now it would be SEV-1; evaluate it again" in words
    by = people.actor("commander")
    response.post_update(incident_id=incident.pk, text="Seen.", by=by, at=NOW)
    assert Incident.objects.get(pk=incident.pk).severity == 3
