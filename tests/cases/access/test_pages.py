"""Access events and rules on the desk: who sees what, trying a rule, and switching it on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cases.access import stored, trying
from cases.models import AccessEvent, AccessRule, Incident
from incidentdesk.kernel import clocks
from incidentdesk.kernel.errors import Conflict, InvalidInput
from incidentdesk.kernel.models import AuditEvent
from tests.cases.access.conftest import ATTACKER, line

pytestmark = pytest.mark.django_db
EVENTS = "/admin/cases/accessevent/"
TEN = [line(n * 0.5, actor=f"user{n}") for n in range(10)]
OTHER = line(3, ip="198.51.100.7", actor="kim", outcome="success")


def rule(kind: str) -> AccessRule:
    return AccessRule.objects.get(kind=kind)


def do(name: str, kind: str = "first") -> str:
    return reverse("admin:cases_accessrule_do", args=[rule(kind).pk, name])


def rows(page: Any) -> int:
    return len(page.context["cl"].result_list)


def test_whoever_reads_the_audit_trail_sees_all_events_others_those_of_incidents(told, as_):
    (incident,) = told(*TEN, OTHER)
    for role, number in (
        ("security", 11),
        ("auditor", 11),
        ("administrator", 11),
        ("responder", 10),
    ):
        assert rows(as_(role).get(EVENTS)) == number, role
    kim = AccessEvent.objects.get(actor="kim")
    assert as_("security").get(f"{EVENTS}{kim.pk}/change/").status_code == 200
    assert as_("responder").get(f"{EVENTS}{kim.pk}/change/").status_code == 404
    assert rows(as_("security").get(f"{EVENTS}?incident={incident.pk}")) == 10
    assert rows(as_("security").get(f"{EVENTS}?source__id__exact={kim.source_id}")) == 11


def test_of_a_restricted_incident_the_events_are_hidden_with_it(told, as_):
    told(*TEN)
    Incident.objects.update(is_restricted=True)
    assert rows(as_("responder").get(EVENTS)) == 0
    page = as_("security").get(f"{EVENTS}{AccessEvent.objects.first().pk}/change/")
    assert Incident.objects.get().reference not in page.text  # the event, and not what it led to
    found = as_("security").get(f"/admin/cases/accessrule/{rule('address').pk}/change/")
    assert ATTACKER not in found.text


def test_asking_for_the_events_of_an_incident_gives_those_that_one_may_link_to_it(told, as_):
    shut, free = told(*TEN, *(line(n, actor=f"b{n}", ip="198.51.100.7") for n in range(10)))
    Incident.objects.filter(pk=shut.pk).update(is_restricted=True)
    for role, number in (("security", 0), ("responder", 0), ("auditor", 10)):
        assert rows(as_(role).get(f"{EVENTS}?incident={shut.pk}")) == number, role
        assert rows(as_(role).get(f"{EVENTS}?incident={free.pk}")) == 10, role
    assert rows(as_("security").get(EVENTS)) == 20  # reads the audit trail, and so all of them


def test_what_a_trial_found_is_named_to_who_may_know_accounts_others_are_told_how_often(
    told, as_, people
):
    told(*TEN)
    known = {"rule_id": rule("address").pk, "by": people.actor("administrator")}
    trying.try_out(**known, at=clocks.now())
    Incident.objects.update(is_restricted=True)  # nor does what it did find name it
    page = reverse("admin:cases_accessrule_change", args=[rule("address").pk])
    named = {}
    for role in ("administrator", "security", "auditor", "responder", "commander"):
        text = as_(role).get(page).text
        assert "It would have fired once in the last 31 days." in text, role
        named[role] = f"10 failures of ssh login from {ATTACKER} <small>" in text
    assert named == {
        "administrator": True,
        "security": True,
        "auditor": True,
        "responder": False,
        "commander": False,
    }


def test_the_incident_s_page_lists_its_events_under_alerts(told, as_):
    (incident,) = told(*TEN, OTHER)
    text = as_("responder").get(f"/admin/cases/incident/{incident.pk}/change/?tab=alerts").text
    assert [name for name in ("user0", "user9", "kim") if f">{name}<" in text] == ["user0", "user9"]
    assert f"{EVENTS}?incident={incident.pk}" in text


def test_a_list_costs_as_many_queries_with_many_events_as_with_few(told, as_):
    browser = as_("security")
    counts = []
    for lines in (TEN[:2], [line(n, actor=f"m{n}") for n in range(60)]):
        told(*lines)
        browser.get(EVENTS)
        with CaptureQueriesContext(connection) as captured:
            page = browser.get(EVENTS)
        counts.append(len(captured))
    assert rows(page) == 25
    assert counts[0] == counts[1]


def test_the_shipped_rules_are_explained_and_these_are_on(as_):
    text = as_("responder").get("/admin/cases/accessrule/").text
    assert "One address fails 10 times within 10 minutes, whatever accounts it tries." in text
    on = AccessRule.objects.filter(is_on=True).values_list("kind", flat=True)
    assert list(on) == ["address", "account", "entered", "barred"]


def test_a_rule_is_tried_on_the_past_seen_and_then_switched_on(told, as_, people):
    AccessRule.objects.filter(kind="address").update(is_on=False)
    told(*TEN, *(line(60 + n, ip="198.51.100.7", actor=f"b{n}") for n in range(10)), OTHER)
    assert not Incident.objects.exists()
    browser = as_("administrator")
    page = reverse("admin:cases_accessrule_change", args=[rule("address").pk])
    assert "It was not tried with these values yet." in browser.get(page).text
    assert do("switch_on", "address") not in browser.get(page).text
    assert browser.post(do("try_out", "address")).status_code == 302
    text = browser.get(page).text
    assert (
        "It would have fired 2 times in the last 31 days, for 2 different accounts or addresses."
        in text
    )
    assert f"10 failures of ssh login from {ATTACKER}" in text
    shown = browser.get(do("switch_on", "address")).text
    assert "It would have fired 2 times" in shown
    assert browser.post(do("switch_on", "address")).status_code == 422  # not ticked
    assert not rule("address").is_on
    assert browser.post(do("switch_on", "address"), {"seen": "on"}).status_code == 302
    assert rule("address").is_on
    assert not Incident.objects.exists()  # the past opens nothing
    assert list(AuditEvent.objects.order_by("id").values_list("action", flat=True)) == [
        "tried access rule",
        "switched on access rule",
    ]


def test_only_who_keeps_registers_changes_a_rule(as_):
    for name in ("try_out", "change", "switch_off"):
        assert as_("security").post(do(name, "address")).status_code == 403
    assert "Switch off" not in as_("security").get("/admin/cases/accessrule/").text


def test_values_hold_at_once_and_a_trial_with_the_former_ones_is_forgotten(people, as_):
    by, at = people.actor("administrator"), clocks.now()
    kept = trying.try_out(rule_id=rule("address").pk, by=by, at=at)
    known = {"category": kept.category_id, "urgency": 3}
    browser, address = as_("administrator"), do("change", "address")
    assert browser.post(address, {"times": 10, "minutes": 10, **known}).status_code == 302
    assert (rule("address").urgency, rule("address").tried_at) == (3, at)
    assert browser.post(address, {"times": 4, "minutes": 10, **known}).status_code == 302
    assert (rule("address").times, rule("address").tried_at) == (4, None)
    refused = browser.post(address, {"times": 4, "minutes": 0, **known})
    assert (refused.status_code, rule("address").minutes) == (422, 10)
    assert 'value="0"' in refused.text


@pytest.mark.parametrize(
    ("kind", "values", "why"),
    [
        ("address", {"times": 0, "minutes": 10}, "The number has to be from 1 to 1,000."),
        ("address", {"times": 5}, "Minutes has to be from 1 to 1,440."),
        ("first", {"days": 181}, "Days has to be from 1 to 180."),
        ("hours", {"zone": "UTC"}, "Say from when to when work is done; it ends after it begins."),
    ],
)
def test_values_out_of_bounds_are_refused_in_a_sentence(people, kind, values, why):
    known = {"category_id": rule(kind).category_id, "urgency": 2, "at": clocks.now()}
    known["by"] = people.actor("administrator")
    values = {"starts": None, "ends": None, **values}
    with pytest.raises(InvalidInput) as refused:
        trying.change(rule_id=rule(kind).pk, values=values, **known)
    assert str(refused.value) == why


def test_what_is_untried_or_as_it_should_be_is_not_switched(people):
    who = {"by": people.actor("administrator"), "at": clocks.now()}
    for call, kind, why in (
        (trying.switch_on, "first", "Try it on the past first"),
        (trying.switch_on, "address", "“Failures from one address” is on already."),
        (trying.switch_off, "first", "“First admin action of a person” is off already."),
    ):
        with pytest.raises(Conflict, match=why):
            call(rule_id=rule(kind).pk, **who)


def test_a_trial_looks_first_and_locks_its_rule_only_to_keep_what_it_found(told, people):
    told(*TEN)
    who = {"by": people.actor("administrator"), "rule_id": rule("address").pk}
    with CaptureQueriesContext(connection) as captured:
        trying.try_out(**who, at=clocks.now())
    said = [query["sql"] for query in captured]
    (looked,) = (n for n, sql in enumerate(said) if 'FROM "cases_accessevent"' in sql)
    locked = [n for n, sql in enumerate(said) if "FOR NO KEY UPDATE" in sql]
    assert [n > looked for n in locked] == [True]
    assert [sql for sql in said if "FOR UPDATE" in sql] == []


def test_a_trial_whose_values_were_changed_meanwhile_is_not_kept(told, people, monkeypatch):
    told(*TEN)
    who = {"by": people.actor("administrator"), "rule_id": rule("address").pk}
    looks = stored.since

    def slowly(*args, **known):
        AccessRule.objects.filter(kind="address").update(times=4)
        return looks(*args, **known)

    monkeypatch.setattr(stored, "since", slowly)
    with pytest.raises(Conflict, match="was changed meanwhile; try it again"):
        trying.try_out(**who, at=clocks.now())
    assert (rule("address").tried, rule("address").tried_at) == (None, None)


def test_a_trial_is_bounded_in_time_and_rows(told, people, monkeypatch):
    told(*TEN, OTHER)
    who = {"by": people.actor("administrator"), "rule_id": rule("address").pk}
    late = clocks.now() + trying.PERIOD + timedelta(hours=4)
    assert (trying.try_out(**who, at=late).tried or {})["times"] == 0
    monkeypatch.setattr(trying, "MOST_EVENTS", 6)
    tried = trying.try_out(**who, at=clocks.now()).tried or {}
    assert (tried["events"], tried["is_cut"], tried["times"]) == (6, True, 0)
