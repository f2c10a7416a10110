"""What comes again, and the problem records that hold it together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from cases import restriction, workflow
from cases.models import AffectedSystem, Category, Incident, System
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import SYSTEM
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound
from notifications.models import Message
from reviews import problem_reminders, problems, recurrence
from reviews.models import Problem, ProblemIncident
from tests.conftest import NOW, People

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)


@pytest.fixture
def hit(declare: Callable[..., Incident]) -> Callable[..., Incident]:
    """`hit("gateway", days_ago=3)`: an incident of a category on a system."""

    def make(
        system: str = "gateway",
        *,
        category: str = "outage",
        days_ago: int = 0,
        title: str = "Down",
        **known: Any,
    ) -> Incident:
        incident = declare(title=title, at=NOW - timedelta(days=days_ago), **known)
        row, _ = System.objects.get_or_create(name=system)
        AffectedSystem.objects.create(incident=incident, system=row, changed_at=NOW)
        Incident.objects.filter(pk=incident.pk).update(category=Category.objects.get(key=category))
        return Incident.objects.get(pk=incident.pk)

    return make


def found(at: datetime = LATER, by: Any = SYSTEM) -> list[tuple[str, int, int]]:
    """System, how many, how many in no problem."""
    return [(one.system, one.count, one.free) for one in recurrence.unassessed(by, at=at)]


def record(people: People, *incidents: Incident, title: str = "Again") -> Problem:
    return problems.record(
        title=title,
        owner_id=people["responder"].pk,
        incident_ids=[one.pk for one in incidents],
        by=people.actor("security"),
        at=LATER,
    )


def newest(incident: Incident) -> str:
    """The last line of an incident's timeline."""
    return incident.entries.order_by("-sequence")[0].body


def test_the_same_category_on_the_same_system_within_six_months_is_proposed(
    hit: Callable[..., Incident], declare: Callable[..., Incident]
) -> None:
    other = Category.objects.exclude(key="outage").first().key
    now, before = hit(), hit(days_ago=180)
    hit(days_ago=190, title="Too long ago")
    hit("ledger", title="Another system")
    hit(category=other, title="Another category")
    declare(title="No system at all")

    assert list(recurrence.like(now, SYSTEM)) == [before]
    assert found() == [("gateway", 2, 2)]


def test_drills_and_what_was_dismissed_are_no_recurrence(
    hit: Callable[..., Incident], people: People
) -> None:
    now, drill, wrong = hit(), hit(is_exercise=True), hit()
    workflow.take_command(incident_id=wrong.pk, by=people.actor("commander"), at=LATER)
    workflow.dismiss(
        incident_id=wrong.pk, reason="Nothing.", by=people.actor("commander"), at=LATER
    )

    assert list(recurrence.like(now, SYSTEM)) == []
    assert found() == []
    with pytest.raises(InvalidInput, match="is a drill"):
        record(people, drill)


def test_a_problem_has_a_reference_of_its_own_and_stands_on_each_timeline(
    hit: Callable[..., Incident], people: People
) -> None:
    one, two = hit(), hit()

    problem = record(people, one, two)

    assert problem.reference.startswith("PRB-2026-")
    assert [newest(one), newest(two)] == [f"Held in problem {problem.reference}."] * 2
    assert found() == []
    assert int(record(people, hit("x")).reference[-4:]) == int(problem.reference[-4:]) + 1
    with pytest.raises(Conflict, match=f"is in {problem.reference} already"):
        record(people, one)
    with pytest.raises(InvalidInput, match="at least one incident"):
        record(people)


def test_another_one_makes_it_a_recurrence_again_until_it_is_added(
    hit: Callable[..., Incident], people: People
) -> None:
    problem = record(people, hit(), hit())
    third = hit()
    assert found() == [("gateway", 3, 1)]
    step: dict[str, Any] = {"by": people.actor("commander"), "at": LATER}

    problems.add(problem_id=problem.pk, incident_id=third.pk, **step)

    assert found() == []
    step |= {"problem_id": problem.pk, "incident_id": third.pk}
    with pytest.raises(InvalidInput, match="Say why it is taken out"):
        problems.take_out(**step, reason="")
    problems.take_out(**step, reason="A cable.")
    assert newest(third) == f"Taken out of problem {problem.reference}: A cable."
    assert found() == [("gateway", 3, 1)]


def test_a_problem_keeps_its_last_incident_so_that_those_who_may_open_that_read_it(
    hit: Callable[..., Incident], people: People
) -> None:
    incident = hit()
    problem = record(people, incident)
    step = {"problem_id": problem.pk, "incident_id": incident.pk, "reason": "A cable."}
    with pytest.raises(Conflict, match="holds nothing else; say how it was resolved"):
        problems.take_out(**step, by=people.actor("security"), at=LATER)
    assert problem.members.count() == 1


def test_a_problem_is_a_known_error_and_resolved_and_open_again(
    hit: Callable[..., Incident], people: People
) -> None:
    incident = hit()
    problem = record(people, incident)
    step: dict[str, Any] = {
        "problem_id": problem.pk,
        "by": people.actor("security"),
        "at": LATER,
    }

    problems.understand(**step, cause="A full queue.")
    assert newest(incident) == f"Problem {problem.reference} is a known error."
    problems.resolve(**step, resolution="Bounded it.")
    assert newest(incident) == f"Problem {problem.reference} is resolved: Bounded it."
    with pytest.raises(Conflict, match="is resolved; reopen it"):
        problems.understand(**step, cause="Else.")
    problems.reopen(**step, reason="Again.")

    problem.refresh_from_db()
    assert (problem.state, problem.resolution, problem.cause) == ("open", "", "A full queue.")
    assert newest(incident) == f"Problem {problem.reference} is open again: Again."


def test_what_was_set_aside_is_asked_again_once_another_one_opens(
    hit: Callable[..., Incident], people: People
) -> None:
    hit(days_ago=2)
    one = hit(days_ago=1)
    system = System.objects.get(name="gateway")
    problems.set_aside(
        category_id=one.category_id,
        system_id=system.pk,
        reason="Two cables.",
        by=people.actor("security"),
        at=NOW - timedelta(hours=1),
    )
    assert found() == []

    hit()

    assert found() == [("gateway", 3, 3)]


def test_restricted_incidents_are_neither_proposed_nor_listed_to_others(
    hit: Callable[..., Incident], people: People, as_: Callable[[str], Client]
) -> None:
    open_one, hidden = hit(title="Open one"), hit(title="Zebra")
    problem = record(people, open_one, hidden)
    alone = record(people, hit("vault", title="Zebra vault"), title="Zebra alone")
    third = hit(title="Third")
    for incident in Incident.objects.filter(title__startswith="Zebra"):
        restriction.restrict(
            incident_id=incident.pk,
            user_ids=[],
            reason="x",
            by=people.actor("commander"),
            at=LATER,
        )
    security, page = people.actor("security"), f"/admin/reviews/problem/{problem.pk}/change/"

    assert list(recurrence.like(third, security)) == [open_one]
    assert found(by=security) == [("gateway", 2, 1)]
    assert found() == [("gateway", 3, 1)]
    seen = f"/admin/reviews/lesson/seen/{third.pk}/"
    paths = (page, "/admin/reviews/problem/", "/admin/reviews/problem/again/", seen)
    for path in (*paths, "/admin/reviews/problem/?q=zebra"):
        words = as_("security").get(path).content.decode()
        assert [w for w in ("Zebra", hidden.reference) if w in words] == [], path
        assert hidden.reference in as_("commander").get(page).content.decode()
    address = f"/admin/reviews/problem/{alone.pk}/change/"
    assert as_("security").get(address).status_code == 404
    assert as_("commander").get(address).status_code == 200
    step: dict[str, Any] = {"by": security, "at": LATER}
    with pytest.raises(NotFound):
        problems.resolve(problem_id=alone.pk, resolution="x", **step)
    with pytest.raises(NotFound):
        problems.take_out(problem_id=problem.pk, incident_id=hidden.pk, reason="x", **step)


def test_once_a_month_whoever_keeps_problems_is_told_what_they_may_see(
    hit: Callable[..., Incident], people: People
) -> None:
    assert problem_reminders.remind(at=LATER) == 0
    one, two = hit(), hit()

    assert problem_reminders.remind(at=LATER) == 2
    assert problem_reminders.remind(at=LATER + timedelta(days=3)) == 0
    mails = Message.objects.filter(kind="recurrences").order_by("pk")
    assert [mail.to_address for mail in mails] == ["commander@desk.test", "security@desk.test"]
    assert "gateway, 2 incidents in six months" in mails[0].subject
    restriction.restrict(
        incident_id=two.pk, user_ids=[], reason="x", by=people.actor("commander"), at=LATER
    )
    assert problem_reminders.remind(at=LATER + timedelta(days=31)) == 1
    record(people, one)
    assert problem_reminders.remind(at=LATER + timedelta(days=62)) == 1  # two is in none yet


def test_a_problem_is_made_of_what_came_again_by_clicks(
    hit: Callable[..., Incident], people: People, as_: Callable[[str], Client], monkeypatch: Any
) -> None:
    monkeypatch.setattr(clocks, "now", lambda: LATER)
    one, two = hit(title="First one"), hit(title="Second one")
    client, do = as_("security"), "/admin/reviews/problem/do/record/"
    again = client.get("/admin/reviews/problem/again/").content.decode()
    assert [w in again for w in ("First one", "Second one")] == [True, True]
    for query in (
        f"?like={one.pk}",
        f"?category={one.category_id}&system={one.systems.get().system_id}",
    ):
        dialog = client.get(do + query).content.decode()
        assert [title in dialog for title in ("First one", "Second one")] == [True, True]

    answer = client.post(
        do,
        {
            "title": "Gateway fails",
            "owner": people["responder"].pk,
            "incidents": [one.pk, two.pk],
            "like": one.pk,
        },
    )

    problem = Problem.objects.get()
    assert answer["Location"] == problem.url
    page = client.get(problem.url).content.decode()
    assert [title in page for title in ("First one", "Second one")] == [True, True]
    part = client.get(f"/admin/reviews/lesson/seen/{one.pk}/").content.decode()
    assert problem.reference in part
    assert "Make a problem record" not in part
    third = hit(title="Third one")
    part = client.get(f"/admin/reviews/lesson/seen/{third.pk}/").content.decode()
    assert f"Add to {problem.reference}" in part
    add = f"/admin/reviews/problem/{problem.pk}/do/add/"
    assert third.reference in client.get(f"{add}?reference={third.reference}").content.decode()
    assert client.post(add, {"reference": third.reference}).status_code == 302
    assert ProblemIncident.objects.filter(problem=problem).count() == 3
    assert client.get(do).status_code == 409
    assert as_("responder").get(do).status_code == 403


@pytest.mark.parametrize(
    ("statement", "refusal"),
    [
        ("UPDATE reviews_problem SET state = 'resolved'", "problem_resolved_by_someone_in_words"),
        ("UPDATE reviews_problem SET state = 'known_error'", "problem_known_error_has_a_cause"),
        ("UPDATE reviews_problem SET reference = 'PRB-1'", "never changes"),
        (
            "INSERT INTO reviews_problemincident (problem_id, incident_id, added_at, added_by_id)"
            " SELECT problem_id, incident_id, added_at, added_by_id FROM reviews_problemincident",
            "reviews_problemincident_incident_id",
        ),
    ],
)
def test_the_database_refuses(
    hit: Callable[..., Incident], people: People, statement: str, refusal: str
) -> None:
    record(people, hit())
    assert ProblemIncident.objects.count() == 1
    with (
        pytest.raises(IntegrityError, match=refusal),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
