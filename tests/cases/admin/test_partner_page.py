"""The register's page of a partner: how it cooperates, and which procedures it has on file."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from cases import cooperation, disclosure, procedures, requests, restriction
from cases.intake import reports
from incidentdesk.kernel import clocks
from partners.models import Terms
from tests.cases.admin.conftest import sql_of, text_of
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=3)
LIST = "/admin/partners/partner/"


@pytest.fixture(autouse=True)
def _now(monkeypatch) -> None:
    monkeypatch.setattr(clocks, "now", lambda: LATER)


@pytest.fixture
def involved(declare, people, helix) -> Any:
    """Helix on an incident that it sees."""
    incident = declare()
    step: dict[str, Any] = {"incident_id": incident.pk, "by": people.actor("commander"), "at": NOW}
    made = disclosure.add_partner(
        **step, partner_id=helix.pk, title="Delayed", meaning="Wait.", severity=2
    )
    return disclosure.disclose(**step, involvement_id=made.pk)


@pytest.fixture
def cooperated(involved, people, helix) -> Any:
    """Three reports; a request in time, one late, one overdue, one that waits, one withdrawn."""
    contact, by = people.contact("helix", helix), people.actor("commander")
    for minutes in (4, 10, 60):
        reports.report(
            title=f"Odd {minutes}",
            description="x",
            noticed_at=NOW - timedelta(minutes=minutes),
            by=contact,
            at=NOW,
        )
    made = [
        requests.ask(
            incident_id=involved.incident_id,
            involvement_id=involved.pk,
            question="Which?",
            why="",
            due_at=NOW + timedelta(days=days),
            by=by,
            at=NOW,
        )
        for days in (1, 1, 2, 30, 1)
    ]
    for request, days in zip(made, (0, 2), strict=False):
        requests.answer(
            request_id=request.pk,
            text="All.",
            is_whole=True,
            by=contact,
            at=NOW + timedelta(days=days),
        )
    requests.withdraw(request_id=made[4].pk, reason="x", by=by, at=NOW)
    return involved


def test_the_record_counts_what_can_be_judged(cooperated, people, helix):
    found = cooperation.of(helix.pk, actor=people.actor("responder"), at=LATER)
    assert found == cooperation.Record(
        reports=3,
        promptness="10 min",
        slowest="1 h",
        in_time=1,
        late=1,
        overdue=1,
        open=1,
    )
    assert found.counted == 3


def test_it_stands_on_the_partners_page(as_, cooperated, helix):
    text = text_of(as_("administrator").get(f"{LIST}{helix.pk}/change/"))
    assert "from noticed to reported 10 min in the median, 1 h at most." in text
    assert "Requests answered in time: 1 of 3, 1 late, 1 overdue ." in text
    assert "1 more waits for its answer." in text


def test_what_one_may_not_see_is_not_counted(cooperated, people, helix):
    restriction.restrict(
        incident_id=cooperated.incident_id,
        user_ids=[],
        reason="x",
        by=people.actor("commander"),
        at=LATER,
    )
    found = cooperation.of(helix.pk, actor=people.actor("responder"), at=LATER)
    assert (found.reports, found.counted, found.open) == (3, 0, 0)


def test_a_partner_that_did_nothing_yet_says_so(as_, norrbank):
    text = text_of(as_("administrator").get(f"{LIST}{norrbank.pk}/change/"))
    assert "Reported nothing in the last year." in text
    assert "No request to it could be judged yet." in text


def test_the_page_costs_the_same_whatever_was_asked(as_, involved, people, helix):
    browser, path = as_("administrator"), f"{LIST}{helix.pk}/change/"
    few = len(sql_of(browser, path))
    for _ in range(5):
        requests.ask(
            incident_id=involved.incident_id,
            involvement_id=involved.pk,
            question="Which?",
            why="",
            due_at=LATER,
            by=people.actor("commander"),
            at=NOW,
        )
    assert len(sql_of(browser, path)) == few


def test_the_register_says_who_has_no_valid_procedure(as_, people, helix, norrbank):
    procedures.keep(
        title="Market-data disruption",
        version="3",
        scope="All users.",
        valid_until=LATER.date() + timedelta(days=10),
        attested_by="Head of operations",
        link="https://helix.test/p",
        by=people.contact("helix", helix),
        at=NOW,
    )
    browser = as_("responder")
    text = text_of(browser.get(LIST))
    assert "none valid" in text
    assert "until 17 Mar 2026" in text
    for chosen, shown in (("none", [norrbank]), ("valid", [helix])):
        rows = browser.get(LIST, {"procedure": chosen}).context["cl"].result_list
        assert list(rows) == shown
    text = text_of(browser.get(f"{LIST}{helix.pk}/change/"))
    assert "Market-data disruption 3 · valid until 17 Mar 2026" in text
    text = text_of(browser.get(f"{LIST}{norrbank.pk}/change/"))
    assert "No procedure is on file" in text


@pytest.mark.parametrize(
    ("wrong", "marked"),
    [
        ({"notice_sev2": 30}, {"notice_sev2": "A milder severity cannot be due"}),
        ({"acknowledge_minutes": 0}, {"acknowledge_minutes": "Leave a minute or more"}),
        ({"facts_interim_hours": 2}, {"facts_interim_hours": "Facts packages come in order"}),
        ({"facts_final_days": 1}, {"facts_final_days": "Facts packages come in order"}),
    ],
)
def test_terms_out_of_order_are_marked_where_they_are_wrong(helix, people, as_, wrong, marked):
    people["commander"].roles = ["administrator"]
    people["commander"].save()
    before = Terms.objects.values().get(partner=helix)
    form = {name: value for name, value in before.items() if value is not None and value != []}
    page = f"/admin/partners/terms/{before['id']}/change/"
    answer = as_("commander").post(page, form | wrong)
    errors = {name: said for name, (said,) in answer.context["adminform"].form.errors.items()}
    assert {name: said[: len(marked.get(name, ""))] for name, said in errors.items()} == marked
    assert Terms.objects.values().get(partner=helix) == before
