"""While the database is failed over pages answer, and a change is refused in one clear sentence."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse

from cases.models import Incident, NoticeCopy, Receipt
from incidentdesk.kernel import clocks, standby, tokens
from tests.conftest import NOW, People

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def taking_nothing(request: pytest.FixtureRequest) -> Iterator[Callable[[], None]]:
    """Calling it makes the database one that may only be read, as a standby is."""

    def begin() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = on")

    yield begin
    connection.close()


def browser(people: People, key: str) -> Client:
    """Somebody logged in, who gets the answer that a person would get."""
    client = Client(raise_request_exception=False)
    client.force_login(people[key])
    return client


def test_pages_of_the_desk_answer(
    incident_in: Callable[[str], Incident], people: People, taking_nothing: Callable[[], None]
) -> None:
    incident = incident_in("mitigation")
    staff = browser(people, "commander")
    pages = ["/admin/", "/admin/cases/incident/", f"/admin/cases/incident/{incident.pk}/change/"]
    taking_nothing()
    assert [staff.get(page).status_code for page in pages] == [200, 200, 200]


def test_pages_of_a_partner_answer_and_what_was_seen_is_noted_the_next_time(
    incident_in: Callable[[str], Incident], people: People, taking_nothing: Callable[[], None]
) -> None:
    incident = incident_in("mitigation")
    NoticeCopy.objects.filter(sent_at=None).update(sent_at=NOW)
    contact = browser(people, "helix")
    reference = incident.involvements.get().reference
    before = Receipt.objects.count()
    taking_nothing()
    page = contact.get(f"/portal/incidents/{reference}/")
    assert page.status_code == 200
    assert contact.get("/portal/").status_code == 200
    assert Receipt.objects.count() == before
    connection.close()
    contact.get(f"/portal/incidents/{reference}/")
    assert Receipt.objects.count() > before


def test_a_change_is_refused_with_503_and_one_sentence_and_nothing_is_changed(
    declare: Callable[..., Incident], people: People, taking_nothing: Callable[[], None]
) -> None:
    incident = declare()
    staff = browser(people, "commander")
    taking_nothing()
    answer = staff.post(
        reverse("admin:cases_incident_do", args=[incident.pk, "acknowledge"]),
        {"_form_submitted": "1"},
    )
    assert answer.status_code == 503, answer.content[:300]
    assert answer["Retry-After"] == "30"
    assert standby.READ_ONLY in answer.content.decode()
    connection.close()
    incident.refresh_from_db()
    assert incident.acknowledged_at is None


def test_what_has_to_be_recorded_when_it_is_read_is_not_shown(
    declare: Callable[..., Incident], people: People, taking_nothing: Callable[[], None]
) -> None:
    incident = declare(title="Quiet words")
    auditor = browser(people, "auditor")
    taking_nothing()
    answer = auditor.get(f"/admin/cases/incident/{incident.pk}/change/")
    assert answer.status_code == 503
    assert "Quiet words" not in answer.content.decode()


def test_programs_are_told_the_same(
    declare: Callable[..., Incident], people: People, taking_nothing: Callable[[], None]
) -> None:
    incident = declare()
    _, secret = tokens.make(
        name="of a program",
        scopes=["respond"],
        by=people.actor("commander"),
        at=clocks.now(),
    )
    taking_nothing()
    answer = Client(raise_request_exception=False).post(
        f"/api/v1/incidents/{incident.pk}/acknowledge",
        json.dumps({}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}"},
    )
    assert (answer.status_code, answer.json()) == (503, {"error": standby.READ_ONLY})


def test_a_database_that_is_away_is_said_in_a_sentence_too(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff = browser(people, "commander")
    connection.close()

    def away(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("connection refused")

    with monkeypatch.context() as patched:
        patched.setattr("django.db.backends.postgresql.base.Database.connect", away)
        answer = staff.get("/admin/")
    assert answer.status_code == 503
    assert standby.AWAY in answer.content.decode()
    assert "refused" not in answer.content.decode()


def test_any_other_error_is_the_page_that_it_was(people: People, monkeypatch: Any) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("incidentdesk.home.redirect", broken)
    answer = browser(people, "commander").get("/")
    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.content.decode()


def test_a_database_without_room_is_said_to_be_full_and_not_away(
    people: People, monkeypatch: Any
) -> None:
    def full(*_: Any, **__: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DO $$ BEGIN RAISE disk_full; END $$")

    monkeypatch.setattr("incidentdesk.home.redirect", full)
    answer = browser(people, "commander").get("/")
    assert (answer.status_code, standby.FULL in answer.content.decode()) == (503, True)


def test_programs_go_on_reading(
    declare: Callable[..., Incident], people: People, taking_nothing: Callable[[], None]
) -> None:
    declare(title="Quotes late")
    _, secret = tokens.make(
        name="of a program", scopes=["read"], by=people.actor("commander"), at=clocks.now()
    )
    taking_nothing()
    answer = Client(raise_request_exception=False).get(
        "/api/v1/incidents", headers={"Authorization": f"Bearer {secret}"}
    )
    assert answer.status_code == 200, answer.json()
    assert [one["title"] for one in answer.json()["items"]] == ["Quotes late"]
