"""What would happen: the page says of any facts and moment what the engine then does."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from incidentdesk.kernel.models import User
from notifications import escalation, foresight, routing
from notifications.models import Escalation, EscalationPath, Message, Severity
from tests.notifications.conftest import NOON, group, path, person

pytestmark = pytest.mark.django_db
PAGE = "/admin/notifications/escalationpath/what-would-happen/"
YEAR = datetime(2026, 1, 1, tzinfo=UTC)
SYSTEMS, PARTNERS = ("gw-eu", "gw-us", "ledger"), ("HELIX", "NORRBANK")


@pytest.fixture(autouse=True)
def no_default_paths(db: None) -> None:
    """The paths of the test and no others."""
    EscalationPath.objects.update(is_active=False)


@pytest.fixture
def paths() -> None:
    """People, groups and paths of every kind."""
    ada, bo, cy = (person(name) for name in ("Ada", "Bo", "Cy"))
    person("Di", "commander")
    person("Root", "administrator")
    team, nobody = group("Team", ada, bo), group("Nobody")
    night: dict[str, Any] = {"hours": "off", "zone": "America/New_York"}
    path((0, [ada]), (7, [nobody]), (20, [team]), name="night", position=1, **night)
    path((0, [bo]), (3, [cy]), name="gw", position=2, systems=["gw-eu", "gw-us"], repeats=1)
    helix: dict[str, Any] = {"partners": ["HELIX"], "hours": "working", "zone": "Europe/Berlin"}
    path((5, [nobody]), (9, []), name="helix", position=3, severities=[1, 2, 3], **helix)
    last = path((0, []), (30, [ada]), name="any", position=4, severities=[1, 2], repeat_minutes=45)
    last.steps.filter(position=1).update(roles=["commander"], addresses=["noc@carrier.test"])


def done(about: str, facts: dict[str, Any], until: int) -> list[tuple[datetime, list[str]]]:
    """What the engine does of an escalation, time by time, each person and address once a time."""
    with transaction.atomic():
        row = escalation.start(about=about, title="T", reference="R", url="/admin/", **facts)
    found = []
    for _ in range(until):
        Message.objects.filter(state="queued").update(state="suppressed", next_try_at=None)
        due = Escalation.objects.get(pk=row.pk).next_action_at
        assert due is not None
        before = set(Message.objects.filter(about=about).values_list("pk", flat=True))
        escalation.run_due(at=due)
        new = Message.objects.filter(about=about).exclude(pk__in=before)
        found.append((due, sorted(new.values_list("to_address", flat=True))))
    with transaction.atomic():
        escalation.stop(about=about, at=due, why="enough")
    return found


def told(one: foresight.Foreseen, outside: set[str]) -> list[str]:
    """Whom a foreseen moment reaches: people once a moment, addresses once an escalation."""
    people = {person.email for rung in one.rungs for person in rung.people}
    fresh = {address for rung in one.rungs for address in rung.addresses} - outside
    outside |= fresh
    return sorted(people | fresh)


def test_in_a_simulated_year_the_engine_does_what_was_foreseen(paths: None) -> None:
    chance = random.Random(6)
    for number in range(60):
        facts: dict[str, Any] = {
            "severity": chance.choice((1, 1, 2, 3, 4)),
            "category": chance.choice(("outage", "data", "")),
            "systems": [one for one in SYSTEMS if chance.random() < 0.3],
            "partners": [one for one in PARTNERS if chance.random() < 0.4],
            "at": YEAR + timedelta(minutes=chance.randrange(365 * 1440)),
        }
        taken = routing.path_for(**facts)
        foreseen = foresight.foresee(taken, severity=facts["severity"], at=facts["at"])[:6]
        outside: set[str] = set()
        expected = [(one.at, told(one, outside)) for one in foreseen]
        assert done(f"incident:{number}", facts, len(foreseen)) == expected


def test_looking_changes_nothing_and_pages_nobody(paths: None, as_: Callable[..., Client]) -> None:
    before = Escalation.objects.count(), Message.objects.count()
    client = as_("responder")
    with CaptureQueriesContext(connection) as statements:
        page = client.get(PAGE, {"severity": 1, "at": "2026-03-02T12:00", "systems": []}).text
    assert [q["sql"] for q in statements if q["sql"].startswith(("INSERT", "UPDATE"))] == []
    assert "path “night”" in page
    assert (Escalation.objects.count(), Message.objects.count()) == before


@pytest.fixture
def as_(client: Client) -> Callable[..., Client]:
    """A browser in which somebody with these roles is logged in."""

    def log_in(*roles: str) -> Client:
        user: User = person("Reader", *roles)
        client.force_login(user)
        return client

    return log_in


def test_what_cannot_be_read_is_marked_and_nothing_is_foreseen(
    paths: None, as_: Callable[..., Client]
) -> None:
    answer = as_("responder").get(PAGE, {"severity": 9, "at": "yesterday"})
    assert (answer.status_code, answer.text.count('class="wrong"')) == (422, 2)
    assert "Look at what is marked in the form." in answer.text


def test_without_a_path_the_page_names_the_administrators(as_: Callable[..., Client]) -> None:
    person("Root", "administrator")
    page = as_("responder").get(PAGE, {"severity": 1, "at": f"{NOON:%Y-%m-%dT%H:%M}"}).text
    assert ["no path fits: administrators" in page, "Last resort: Root" in page] == [True, True]
    assert Severity.ONE.label in page
