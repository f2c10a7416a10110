"""Regulators' clocks on the desk: the tab, its dialogs, the register, and what is switched."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.urls import reverse

from cases import disclosure, restriction
from cases.models import (
    Incident,
    Involvement,
    OwnSupervision,
    Regime,
    RegimeRule,
    RegulatoryClock,
)
from cases.regulation import outcomes
from incidentdesk.kernel import clocks
from incidentdesk.kernel.models import AuditEvent
from partners.models import Partner, Terms
from tests.cases.admin.conftest import address, page_of, sql_of, text_of
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
LIST = reverse("admin:cases_regulatoryclock_changelist")
EXPORT = reverse("admin:cases_regulatoryclock_export")


@pytest.fixture
def at_now(monkeypatch):
    """`at_now(moment)`: the desk's clock stands there."""
    return lambda moment: monkeypatch.setattr(clocks, "now", lambda: moment)


@pytest.fixture
def incident(declare, people, helix, norrbank) -> Incident:
    """Helix is bound by DORA and GDPR and is major since NOW + 1 h; nothing binds Norrbank."""
    Terms.objects.filter(partner=helix).update(regimes=["DORA", "GDPR"])
    made = declare(aware_at=NOW)
    for partner in (helix, norrbank):
        involve(made, partner, people)
    put(made, helix, "classified_major_at", NOW + HOUR, people)
    return made


def involve(incident: Incident, partner: Partner, people) -> Involvement:
    return disclosure.add_partner(
        incident_id=incident.pk,
        partner_id=partner.pk,
        title="Delayed quotes",
        meaning="Use EU-1.",
        severity=2,
        by=people.actor("communications"),
        at=NOW,
    )


def row_of(incident: Incident, partner: Partner) -> Involvement:
    return incident.involvements.get(partner=partner)


def put(incident, partner, name, moment, people) -> None:
    outcomes.record_anchor(
        incident_id=incident.pk,
        involvement_id=row_of(incident, partner).pk,
        name=name,
        moment=moment,
        by=people.actor("commander"),
        at=NOW + 2 * HOUR,
    )


def tab(browser, incident) -> str:
    words = text_of(browser.get(page_of(incident), {"tab": "clocks"}))
    return words[words.index("What we and each") : words.rindex("Recorded:")]


def test_the_tab_says_of_every_clock_how_it_stands(as_, incident, at_now):
    at_now(NOW + 2 * HOUR)
    words = tab(as_("commander"), incident)
    assert words.count("Helix Markets") == 1
    assert "Norrbank" not in words
    assert "Our firm" not in words
    for said in (
        "Initial notification DORA-INIT RTS 2025/301 Art. 5(1)(a), (2) "
        "4 Mar 10:41 4 Mar 14:41 running 3 h left Outcome",
        "Intermediate report DORA-INTERM RTS 2025/301 Art. 5(1)(b) "
        "waits for: Initial notification sent (DORA) — not started Outcome",
        "Notification of a personal-data breach GDPR-33 GDPR Art. 33(1), (4) "
        "waits for: Aware of a personal-data breach (GDPR) — not started Outcome",
    ):
        assert said in words


@pytest.mark.parametrize(
    ("hours", "said"),
    [(3.9, "running 1 h 06 left"), (4.5, "running 30 min left"), (7, "late 2 h late")],
)
def test_what_is_left_and_how_late_it_is(as_, incident, at_now, hours, said):
    at_now(NOW + hours * HOUR)
    assert said in tab(as_("commander"), incident)


def test_a_bare_day_is_said_to_be_no_time(as_, incident, at_now, people, helix):
    outcomes.record_anchor(
        incident_id=incident.pk,
        involvement_id=row_of(incident, helix).pk,
        name="personal_data_breach_at",
        day=NOW.date(),
        by=people.actor("commander"),
        at=NOW + HOUR,
    )
    at_now(NOW + 2 * HOUR)
    words = tab(as_("commander"), incident)
    said = "Aware of a personal-data breach (GDPR) (only the day is known) — anchor missing"
    assert said in words


def test_where_nothing_binds_anybody_the_tab_says_what_to_do(as_, declare):
    browser, incident = as_("commander"), declare()
    words = text_of(browser.get(page_of(incident), {"tab": "clocks"}))
    assert "No regime binds us or a partner that is involved." in words
    asked = browser.get(address(incident, "record_outcome"))
    assert "No regime that is on binds us or an involved partner." in text_of(asked)


def test_a_submission_and_a_time_are_recorded_by_clicks(as_, incident, at_now, helix):
    at_now(NOW + 3 * HOUR)
    browser, pk = as_("commander"), row_of(incident, helix).pk
    form = {"which": f"{pk}:DORA-INIT", "kind": "submitted", "reference": "BAF-1"}
    refused = browser.post(address(incident, "record_outcome"), form)
    assert "Say when it was sent." in text_of(refused)
    sent = f"{NOW + 2 * HOUR:%Y-%m-%dT%H:%M}"
    answer = browser.post(address(incident, "record_outcome"), {**form, "sent_at": sent})
    assert (answer.status_code, answer["Location"]) == (302, f"{incident.url}?tab=clocks")
    words = tab(browser, incident)
    assert "sent in time 4 Mar 11:41 BAF-1 Incident commander Change Take back" in words
    assert "Intermediate report DORA-INTERM" in words
    assert "7 Mar 11:41 running 2 d 23 h left" in words
    day = {"which": f"{pk}:personal_data_breach_at", "day": "2026-03-04"}
    both = browser.post(address(incident, "record_anchor"), {**day, "moment": sent})
    assert "Give a time, or only the day." in text_of(both)
    assert browser.post(address(incident, "record_anchor"), day).status_code == 302
    time = {"which": f"{pk}:personal_data_breach_at", "moment": sent}
    assert browser.post(address(incident, "record_anchor"), time).status_code == 302
    assert "7 Mar 11:41 running" in tab(browser, incident)


def test_an_outcome_is_taken_back_by_a_click(as_, incident, at_now, helix, people):
    at_now(NOW + 3 * HOUR)
    browser = as_("commander")
    asked = browser.get(address(incident, "take_back_outcome"))
    assert "No clock has an outcome" in text_of(asked)
    put(incident, helix, "initial_submitted_at", NOW + 2 * HOUR, people)
    done = RegulatoryClock.objects.get(rule__key="DORA-INIT")
    form = {"which": done.pk, "reason": "Another incident's."}
    assert browser.post(address(incident, "take_back_outcome"), form).status_code == 302
    done.refresh_from_db()
    assert done.outcome == ""


@pytest.mark.parametrize("role", ["responder", "communications", "approver", "auditor"])
def test_who_may_not_record_sees_the_clocks_without_buttons(as_, incident, at_now, role):
    at_now(NOW + 2 * HOUR)
    browser = as_(role)
    words = tab(browser, incident)
    assert "running 3 h left" in words
    assert "Outcome" not in words
    assert browser.get(address(incident, "record_outcome")).status_code == 403
    assert browser.post(address(incident, "record_anchor"), {}).status_code == 403


def test_a_closing_that_waits_leads_to_the_dialog(as_, incident_in, people, helix, at_now):
    made = incident_in("review")
    Terms.objects.filter(partner=helix).update(regimes=["DORA"])
    put(made, helix, "classified_major_at", NOW, people)
    at_now(NOW + 4 * HOUR)
    answer = as_("commander").get(page_of(made))
    assert "The outcome of every regulator's clock recorded 1 open" in text_of(answer)
    assert address(made, "record_outcome") in answer.content.decode()


def test_the_tab_costs_the_same_for_many_partners(as_, incident, people):
    url = f"{page_of(incident)}?tab=clocks"
    browser = as_("commander")
    sql_of(browser, url)
    before = len(sql_of(browser, url))
    for number in range(4):
        partner = Partner.objects.create(name=f"P{number}", code=f"P{number}")
        Terms.objects.filter(partner=partner).update(regimes=["DORA", "NIS2"])
        involve(incident, partner, people)
        put(incident, partner, "classified_major_at", NOW + HOUR, people)
    assert len(sql_of(browser, url)) == before


# --- the register ---------------------------------------------------------------------------------


@pytest.fixture
def several(incident, declare, people, helix, norrbank) -> None:
    """Of Helix one that runs and one sent late; of Norrbank one that is late; one of a drill."""
    Terms.objects.filter(partner=norrbank).update(regimes=["NIS2"])
    put(incident, norrbank, "significant_at", NOW - 30 * HOUR, people)
    RegulatoryClock.objects.filter(rule__key__in=["NIS2-NOTIF", "NIS2-RECIP"]).delete()
    other = declare(title="=Odd title", aware_at=NOW)
    involve(other, helix, people)
    put(other, helix, "classified_major_at", NOW - 9 * HOUR, people)
    put(other, helix, "initial_submitted_at", NOW, people)
    RegulatoryClock.objects.filter(rule__key="DORA-INTERM").delete()
    drill = declare(title="Drill", aware_at=NOW, is_exercise=True)
    involve(drill, helix, people)
    put(drill, helix, "classified_major_at", NOW, people)


def listed(browser, **query) -> list[str]:
    """The keys and states of the rows."""
    page = browser.get(LIST, query)
    assert page.status_code == 200
    rows = page.context["cl"].result_list
    words = page.context["cl"].model_admin
    return [f"{row.rule.key} {text(words.state_words(row))}" for row in rows]


def text(markup: str) -> str:
    return markup.replace("</span>", "").rpartition(">")[2]


INIT, EARLY, SENT = "DORA-INIT running, 3 h left", "NIS2-EW late, 8 h late", "DORA-INIT sent late"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, [EARLY, INIT]),
        ({"shown": "late"}, [EARLY, SENT]),
        ({"shown": "recorded"}, [SENT]),
        ({"shown": "all"}, [EARLY, SENT, INIT]),
        ({"regime": "NIS2"}, [EARLY]),
        ({"party": "HELIX", "shown": "all"}, [SENT, INIT]),
        ({"party": "us", "shown": "all"}, []),
        ({"q": "Odd", "shown": "all"}, [SENT]),
    ],
)
def test_the_register_shows_what_is_asked_for(as_, several, at_now, query, found):
    at_now(NOW + 2 * HOUR)
    assert listed(as_("auditor"), **query) == found


def test_the_register_is_a_file_as_it_is_filtered(as_, several, at_now):
    at_now(NOW + 2 * HOUR)
    answer = as_("auditor").get(EXPORT, {"shown": "recorded"})
    body = b"".join(answer.streaming_content).decode().lstrip("\ufeff")
    heading, row = csv.reader(io.StringIO(body))
    found = dict(zip(heading, row, strict=True))
    assert found == {
        "incident": found["incident"],
        "title": "'=Odd title",
        "severity": "SEV-3",
        "party": "Helix Markets",
        "regime": "DORA",
        "clock": "DORA-INIT",
        "report": "Initial notification",
        "source": "RTS 2025/301 Art. 5(1)(a), (2)",
        "counts from (UTC)": "2026-03-04 00:41",
        "due at (UTC)": "2026-03-04 04:41",
        "outcome": "sent",
        "sent at (UTC)": "2026-03-04 09:41",
        "reference": "",
        "reason": "",
        "recorded at (UTC)": "2026-03-04 11:41",
        "recorded by": "Incident commander",
    }
    noted = AuditEvent.objects.filter(action="exported").get()
    assert (noted.about, noted.detail) == (
        "reportable incidents",
        {"filters": {"shown": "recorded"}},
    )


def test_a_row_leads_to_its_incident(as_, incident):
    row = RegulatoryClock.objects.get()
    answer = as_("responder").get(page_of(row))
    assert (answer.status_code, answer["Location"]) == (302, f"{incident.url}?tab=clocks")


def test_a_restricted_incident_is_not_in_the_register(as_, incident, people):
    step = {"by": people.actor("commander"), "at": NOW}
    restriction.restrict(incident_id=incident.pk, user_ids=[], reason="Insider.", **step)
    row = RegulatoryClock.objects.get()
    seen = {role: len(listed(as_(role))) for role in ("commander", "security", "auditor")}
    assert seen == {"commander": 1, "security": 0, "auditor": 1}
    assert as_("security").get(page_of(row)).status_code == 404
    file = b"".join(as_("security").get(EXPORT, {"shown": "all"}).streaming_content).decode()
    assert incident.reference not in file


# --- what is switched -----------------------------------------------------------------------------


def test_an_administrator_switches_regimes_and_nobody_else(as_):
    regime = Regime.objects.get(code="MAS")
    url = reverse("admin:cases_regime_change", args=[regime.pk])
    form = {"name": "MAS", "jurisdiction": "Singapore", "source": "MAS", "zone": "", "is_on": "on"}
    for role in ("commander", "auditor"):
        assert as_(role).post(url, form).status_code == 403
    wrong = as_("administrator").post(url, {**form, "zone": "Asia/Nowhere"})
    assert "There is no time zone Asia/Nowhere" in text_of(wrong)
    assert as_("administrator").post(url, form).status_code == 302
    regime.refresh_from_db()
    assert regime.is_on is True
    assert AuditEvent.objects.filter(action="changed regime").exists()
    assert as_("administrator").get(reverse("admin:cases_regime_add")).status_code == 403


def test_an_administrator_changes_a_number(as_):
    rule = RegimeRule.objects.get(key="GDPR-33-2")
    url = reverse("admin:cases_regimerule_change", args=[rule.pk])
    names = ("title", "debtor", "creditor", "source", "note", "counting")
    form = {name: getattr(rule, name) for name in names} | {"is_on": "on"}
    refused = as_("administrator").post(url, form)
    assert "This clock needs it." in text_of(refused)
    wrong = as_("administrator").post(url, {**form, "amount": 720, "ceiling_minutes": 60})
    assert "This clock has none; leave it." in text_of(wrong)
    assert as_("administrator").post(url, {**form, "amount": 720}).status_code == 302
    rule.refresh_from_db()
    assert rule.amount == 720


def test_an_administrator_says_what_binds_our_own_firm(as_):
    url = reverse("admin:cases_ownsupervision_change", args=[1])
    form = {"regimes": ["DORA", "NIS2"], "entities": ["venue"], "zone": "Europe/Berlin"}
    assert as_("commander").post(url, form).status_code == 403
    assert as_("administrator").post(url, form).status_code == 302
    own = OwnSupervision.objects.get()
    assert (own.regimes, own.entities, own.zone) == (["DORA", "NIS2"], ["venue"], "Europe/Berlin")


def test_what_supervises_a_partner_stands_in_its_terms(as_, helix):
    terms = Terms.objects.get(partner=helix)
    url = reverse("admin:partners_terms_change", args=[terms.pk])
    names = [f.name for f in Terms._meta.fields if getattr(terms, f.name) not in (None, False)]
    form = {name: getattr(terms, name) for name in names if name != "partner"}
    chosen = {"regimes": ["DORA"], "entities": ["credit"], "zone": "Europe/Berlin"}
    assert as_("administrator").post(url, {**form, **chosen}).status_code == 302
    terms.refresh_from_db()
    assert (terms.regimes, terms.entities, terms.zone) == (["DORA"], ["credit"], "Europe/Berlin")
