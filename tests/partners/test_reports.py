"""Reporting an incident: what it becomes, what a refusal keeps, what cannot be slipped in."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from cases import visibility
from cases.intake import reports
from cases.models import Category, Report
from incidentdesk.kernel import clocks, grants, once
from notifications.models import Message
from tests.partners.conftest import Both, Telling, leaks

pytestmark = pytest.mark.django_db


def typed(**changes: str) -> dict[str, str]:
    """A form as a browser sends it."""
    noticed = clocks.now() - timedelta(minutes=5)
    return {
        "title": "Cancels time out",
        "description": "One in five.\r\nSince eight.",
        "category": "outage",
        "noticed_at": f"{noticed:%Y-%m-%dT%H:%M}",
        "happened_at": f"{noticed - timedelta(minutes=9):%Y-%m-%dT%H:%M}",
        **changes,
    }


def test_a_report_gets_a_reference_at_once(both: Both) -> None:
    response = both.a.client.post("/portal/report/", typed(), follow=True)
    made = Report.objects.latest("id")
    assert (
        made.reference
        == f"ALDER-REP-{made.reported_at.year}-000{1 + (made.reported_at.year == 2026)}"
    )
    assert response.redirect_chain == [(f"/portal/reports/{made.reference}/", 302)]
    assert f"Your report is {made.reference}" in response.text
    assert "We have it and look at it next" in response.text
    assert (made.partner, made.reporter, made.state) == (both.a.partner, "Person of Alder", "new")
    assert made.category == Category.objects.get(key="outage")
    assert made.description == "One in five.\r\nSince eight."
    confirmation = Message.objects.latest("id")
    assert confirmation.to_address == both.a.user.email
    assert made.reference in confirmation.subject + confirmation.body_text


def test_its_times_are_utc(both: Both) -> None:
    both.a.client.post("/portal/report/", typed(noticed_at="2026-02-03T04:05", happened_at=""))
    made = Report.objects.latest("id")
    assert made.noticed_at.isoformat() == "2026-02-03T04:05:00+00:00"
    assert made.happened_at is None


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"title": " "}, "Say in a few words what is wrong."),
        ({"title": "x" * 201}, "Keep this to 200 characters"),
        ({"title": "a\0b"}, "Null characters are not allowed."),
        ({"description": ""}, "Describe what you see"),
        ({"description": "x" * 20_001}, "Keep this to 20,000 characters."),
        ({"category": "nonsense"}, "Choose one of the kinds listed"),
        ({"category": "1"}, "Choose one of the kinds listed"),
        ({"noticed_at": ""}, "Give the time, in UTC"),
        ({"noticed_at": "yesterday"}, "This is no date with a time"),
        ({"noticed_at": "2026-13-45T99:99"}, "This is no date with a time"),
        ({"noticed_at": "0001-01-01T00:00+14:00"}, "Give a time since 1990."),
        ({"noticed_at": "2199-01-01T00:00"}, "You cannot have noticed it in the future"),
        ({"happened_at": "2198-01-01T00:00"}, "It cannot have happened after you noticed it"),
    ],
)
def test_a_refusal_says_why_and_keeps_what_was_typed(
    both: Both, changes: dict[str, str], sentence: str
) -> None:
    before = both.a.rows()
    response = both.a.client.post("/portal/report/", typed(**{"title": "Kept title", **changes}))
    assert response.status_code == 422
    assert sentence in response.text
    if "title" not in changes:
        assert 'value="Kept title"' in response.text
    if "description" not in changes:
        assert "One in five." in response.text
    assert both.a.rows() == before


def test_two_times_in_the_future_are_both_marked(both: Both) -> None:
    times = {"noticed_at": "2198-01-01T00:00", "happened_at": "2199-01-01T00:00"}
    response = both.a.client.post("/portal/report/", typed(**times))
    said = ["Neither time can lie in the future; check both and their zone."]
    assert response.context["form"].errors == dict.fromkeys(times, said)


def test_a_second_click_makes_no_second_report(both: Both) -> None:
    client, form = both.a.client, typed()
    client.post("/portal/report/", form)
    made = Report.objects.latest("id")
    response = client.post("/portal/report/", form)
    assert response.status_code == 422
    assert f"You reported this a moment ago; it is {made.reference}." in response.text
    assert Report.objects.latest("id") == made
    client.post("/portal/report/", typed(title="Something else"))
    assert Report.objects.latest("id").reference[-4:] == f"{int(made.reference[-4:]) + 1:04d}"


@pytest.mark.asvs("15.3.3", 6)
@pytest.mark.mistake(1)
def test_nothing_else_can_be_slipped_in(both: Both) -> None:
    strange: dict[str, Any] = {
        "partner": both.b.partner.pk,
        "partner_id": both.b.partner.pk,
        "reference": "BIRCH-REP-2026-0099",
        "state": "accepted",
        "answer": "all is well",
        "incident": both.incident.pk,
        "incident_id": both.incident.pk,
        "reported_by": both.b.user.pk,
        "reported_by_id": both.b.user.pk,
        "reporter": "Person of Birch",
        "reported_at": "2020-01-01T00:00",
        "triaged_at": "2020-01-01T00:00",
        "id": both.b.report.pk,
        "pk": both.b.report.pk,
    }
    before = both.b.rows()
    both.a.client.post("/portal/report/", {**typed(), **strange})
    made = Report.objects.latest("id")
    assert made.reference.startswith("ALDER-REP-")
    assert (made.partner, made.reported_by, made.reporter) == (
        both.a.partner,
        both.a.user,
        "Person of Alder",
    )
    assert (made.state, made.answer, made.incident, made.triaged_at) == ("new", "", None, None)
    assert clocks.now() - made.reported_at < timedelta(minutes=1)
    assert both.b.rows() == before


def test_a_grant_taken_at_the_last_moment_is_refused_by_the_use_case(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = reports.report

    def slow_report(**given: Any) -> Report:
        grants.revoke(both.a.user, "act", both.a.partner)
        return report(**given)

    monkeypatch.setattr(reports, "report", slow_report)
    before = both.a.rows()
    response = both.a.client.post("/portal/report/", typed())
    assert response.status_code == 422
    assert "Person of Alder may not act for this partner" in response.text
    assert 'value="Cancels time out"' in response.text
    assert both.a.rows() == before


def test_the_answer_is_read_by_the_one_who_asked(both: Both) -> None:
    text = both.a.client.get(f"/portal/reports/{both.a.report.reference}/").text
    assert "Answered" in text
    assert "ALDER answer" in text
    assert "ALDER description" in text


def test_opened_and_known_before_look_alike(both: Both, telling: Telling) -> None:
    by, pages = telling.people.actor("commander"), []
    for number in range(2):
        made = reports.report(
            title="ALDER sees it",
            description=f"ALDER {number}",
            noticed_at=telling.at,
            by=both.a.actor,
            at=telling.tick(),
        )
        if number:
            reports.attach(
                report_id=made.pk, reference=both.incident.reference, by=by, at=telling.tick()
            )
        else:
            reports.accept(
                report_id=made.pk,
                impact=2,
                scope=2,
                urgency=2,
                shown_severity=3,
                by=by,
                at=telling.tick(),
            )
        pages.append(both.a.client.get(f"/portal/reports/{made.reference}/").text)
    own = [
        row.reference for row in visibility.involvements_for(both.a.actor).order_by("disclosed_at")
    ]
    links = [re.findall(r'href="/portal/incidents/([\w-]+)/"', text) for text in pages]
    assert sorted(links) == sorted([[both.a.involvement.reference], [own[-1]]])
    for text in pages:
        assert "It is handled as an incident" in text
        assert not leaks(text, "BIRCH", "accepted", "attached", "belongs to")


def test_the_list_goes_on_page_by_page(both: Both, telling: Telling) -> None:
    for number in range(27):
        telling.report(both.a, f"ALDER report {number}")
    client = both.a.client
    first = client.get("/portal/reports/").text
    after = first.split('<a href="?after=')[1].split('"')[0]
    second = client.get("/portal/reports/", {"after": after}).text
    count = [text.count('href="/portal/reports/ALDER') for text in (first, second)]
    assert count == [25, 3]
    assert 'rel="next"' not in second


def test_the_form_itself_counts_once(both: Both) -> None:
    client = both.a.client
    page = client.get("/portal/report/").text
    found = re.search(r'name="once" value="([\w.-]{20,})"', page)
    assert found is not None
    form = typed(once=found.group(1))
    client.post("/portal/report/", form)
    count, messages = Report.objects.count(), Message.objects.count()
    answer = client.post("/portal/report/", form, follow=True)
    assert answer.redirect_chain == [("/portal/reports/", 302)]
    assert once.SAID in answer.text
    assert (Report.objects.count(), Message.objects.count()) == (count, messages)


def test_a_refused_report_can_be_corrected_and_sent(both: Both) -> None:
    client, future = both.a.client, clocks.now() + timedelta(hours=1)
    form = typed(once="a", noticed_at=f"{future:%Y-%m-%dT%H:%M}", happened_at="")
    count = Report.objects.count()
    assert client.post("/portal/report/", form).status_code == 422
    assert client.post("/portal/report/", typed(once="a")).status_code == 302
    assert Report.objects.count() == count + 1
