"""The end of a shift on the desk: one line on the dashboard, one page, and what became of each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any, cast

import pytest
from django.test import Client

from cases import restriction, workflow
from cases.models import Assignment, Incident
from incidentdesk.kernel import access, grants
from incidentdesk.kernel.models import User
from tests.conftest import NOW, People
from tests.incidentdesk.conftest import minutes, queries_of, text_of
from tests.notifications.test_oncall import layer, rota

pytestmark = pytest.mark.django_db
As = Callable[[str], Client]
PAGE = "/admin/cases/incident/do/hand_over_shift/"
GRAVE = {"impact": 4, "scope": 4, "urgency": 3}


@pytest.fixture
def night(people: People) -> User:
    """Who is on call from 10:00 on; until then it is the commander."""
    made = User.objects.create_user("night@desk.test", name="Noor Haddad", roles=["commander"])
    row = rota("Main", owner=people["administrator"])
    layer(row, people["commander"], made, hands_over_at=time(10), starts_on=date(2026, 3, 1))
    return made


@pytest.fixture
def led(declare: Callable[..., Incident], people: People) -> Callable[..., Incident]:
    """`led()`: an incident that the commander commands."""

    def run(**facts: Any) -> Incident:
        incident = declare(**facts)
        workflow.take_command(incident_id=incident.pk, by=people.actor("commander"), at=NOW)
        return Incident.objects.get(pk=incident.pk)

    return run


@pytest.fixture
def closed(led: Callable[..., Incident], people: People) -> Incident:
    """Restricted, and led by somebody whose shift does not end."""
    incident = led(title="ZEBRA title")
    restriction.restrict(
        incident_id=incident.pk,
        user_ids=[people["commander"].pk],
        reason="Perhaps one of us.",
        by=people.actor("commander"),
        at=NOW,
    )
    other = User.objects.create_user("other@desk.test", name="Ola Other", roles=["commander"])
    Incident.objects.filter(pk=incident.pk).update(commander=other)
    Assignment.objects.filter(incident=incident).update(user=other)
    return incident


def sent(page: Any, **more: str) -> dict[str, str]:
    """What a browser posts of the form as it is shown, with `more` filled in."""
    form = page.context_data["form"]
    values = {name: form[name].value() for name in form.fields}
    return {name: str(value or "") for name, value in values.items()} | more


def test_the_dashboard_says_in_one_line_what_is_to_be_handed_over_to_whom(
    as_: As, led: Callable[..., Incident], night: User, clock: Any
) -> None:
    led()
    led()
    browser = as_("commander")
    line = "Your shift ends at 10:00 UTC: hand over 2 incidents to Noor Haddad"
    assert line in text_of(browser.get("/admin/"))
    assert f'href="{PAGE}"' in browser.get("/admin/").content.decode()
    clock(minutes(30))
    assert "Your shift ended at 10:00 UTC: hand over 2 incidents to Noor Haddad" in text_of(
        browser.get("/admin/")
    )
    clock(minutes(19 + 61))
    assert "Your shift" not in text_of(browser.get("/admin/"))


def test_nobody_else_reads_that_line(
    as_: As, led: Callable[..., Incident], night: User, clock: Any
) -> None:
    led()
    for role in ("responder", "security", "approver", "communications", "auditor"):
        assert "Your shift" not in text_of(as_(role).get("/admin/")), role


def test_the_page_lists_each_incident_with_the_next_one_on_call(
    as_: As, led: Callable[..., Incident], night: User, closed: Incident, clock: Any
) -> None:
    minor, grave = led(title="Minor", impact=1, scope=1, urgency=1), led(title="Grave", **GRAVE)
    answer = as_("commander").get(PAGE)
    form = cast(Any, answer).context_data["form"]
    assert list(form.fields) == [
        "shown",
        f"to_{grave.pk}",
        f"note_{grave.pk}",
        f"to_{minor.pk}",
        f"note_{minor.pk}",
    ]
    assert [form[f"to_{one.pk}"].value() for one in (grave, minor)] == [night.pk, night.pk]
    said = text_of(answer)
    assert "Your shift ends at 10:00 UTC. Noor Haddad is on call next." in said
    assert f"SEV-1 {grave.reference} Grave: to" in said
    assert "ZEBRA" not in said
    assert closed.reference not in said


def test_what_is_handed_over_waits_for_the_next_one_s_answer(
    as_: As, led: Callable[..., Incident], night: User, clock: Any
) -> None:
    minor, grave = led(title="Minor", impact=1, scope=1, urgency=1), led(title="Grave", **GRAVE)
    browser = as_("commander")
    page = browser.get(PAGE)
    answer = browser.post(PAGE, sent(page, **{f"note_{grave.pk}": "EU-2 is off."}), follow=True)
    assert answer.redirect_chain[-1][0] == "/admin/"
    said = text_of(answer)
    for incident in (grave, minor):
        words = "Noor Haddad is asked to take over; until then it stays with you."
        assert f"{incident.reference}: {words}" in said
    asked = Assignment.objects.filter(takes_over=True).order_by("pk")
    assert [(row.incident, row.user, row.role, row.note) for row in asked] == [
        (minor, night, "commander", "Nothing to add."),
        (grave, night, "commander", "EU-2 is off."),
    ]
    assert "Your shift" not in text_of(browser.get("/admin/"))
    assert browser.get(PAGE).status_code == 409


def test_a_grave_one_needs_words_and_nothing_is_handed_over_without_them(
    as_: As, led: Callable[..., Incident], night: User, clock: Any
) -> None:
    led(title="Minor", impact=1, scope=1, urgency=1)
    grave = led(title="Grave", **GRAVE)
    browser = as_("commander")
    answer = browser.post(PAGE, sent(browser.get(PAGE)))
    assert answer.status_code == 422
    assert "This field is required." in text_of(answer)
    assert Assignment.objects.filter(takes_over=True).count() == 0
    kept = sent(browser.get(PAGE), **{f"to_{grave.pk}": "0"})
    assert browser.post(PAGE, kept).status_code == 302
    assert Assignment.objects.filter(takes_over=True).count() == 1


def test_of_one_that_somebody_took_meanwhile_it_is_said_who_has_it(
    as_: As, led: Callable[..., Incident], night: User, people: People, clock: Any
) -> None:
    taken, mine = led(title="Taken"), led(title="Mine")
    browser = as_("commander")
    page = browser.get(PAGE)
    workflow.take_command(
        incident_id=taken.pk, by=access.actor_for(night), at=NOW + timedelta(minutes=1)
    )
    notes = {f"note_{one.pk}": "Look." for one in (taken, mine)}
    said = text_of(browser.post(PAGE, sent(page, **notes), follow=True))
    assert f"{taken.reference}: Noor Haddad commands {taken.reference} by now." in said
    assert f"{mine.reference}: Noor Haddad is asked to take over" in said


def test_an_incident_of_others_is_neither_shown_nor_handed_over_by_naming_it(
    as_: As, led: Callable[..., Incident], night: User, closed: Incident, clock: Any
) -> None:
    mine = led(title="Mine")
    browser = as_("commander")
    names = {f"to_{closed.pk}": str(night.pk), f"note_{closed.pk}": "x"}
    for row in grants.on(closed, "open_restricted"):
        grants.revoke(row.user, "open_restricted", closed)
    form = sent(browser.get(PAGE), **{f"note_{mine.pk}": "Look."})
    form |= names | {"shown": f"{mine.pk},{closed.pk}"}
    said = text_of(browser.post(PAGE, form, follow=True))
    assert "ZEBRA" not in said
    assert closed.reference not in said
    assert [row.incident for row in Assignment.objects.filter(takes_over=True)] == [mine]


def test_whoever_has_nothing_in_hands_is_told_so(as_: As, people: People, clock: Any) -> None:
    answer = as_("responder").get(PAGE)
    assert answer.status_code == 409
    assert "Nothing is in your hands" in text_of(answer)
    assert as_("auditor").get(PAGE).status_code == 403


def test_the_page_costs_the_same_for_one_incident_and_for_ten(
    as_: As, led: Callable[..., Incident], night: User, clock: Any
) -> None:
    led()
    browser = as_("commander")
    browser.get(PAGE)
    one = queries_of(browser, PAGE)
    for _ in range(9):
        led()
    assert queries_of(browser, PAGE) == one


def test_a_number_of_thousands_of_digits_among_the_shown_is_none(
    as_: As, led: Callable[..., Incident], night: User, clock: Any
) -> None:
    led()
    answer = as_("commander").post(PAGE, {"shown": "9" * 5000})
    assert answer.status_code == 422
