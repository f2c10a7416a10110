"""The post office on the desk: registers for those who keep them, logs for those who may read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cases.models import System
from incidentdesk.kernel.models import AuditEvent, User
from notifications import escalation
from notifications.models import Escalation, EscalationPath, EscalationStep, Group, Message
from partners.models import Partner
from tests.notifications.conftest import NOON, group, path, person, queue, start

PATHS = "/admin/notifications/escalationpath/"
GROUPS = "/admin/notifications/group/"
MESSAGES = "/admin/notifications/message/"
ESCALATIONS = "/admin/notifications/escalation/"
As = Callable[[User], Client]


@pytest.fixture
def as_(client: Client) -> As:
    """A browser in which this person is logged in."""

    def log_in(user: User) -> Client:
        client.force_login(user)
        return client

    return log_in


def form(*steps: tuple[int, int], groups: list[int], **changes: Any) -> dict[str, Any]:
    """What a browser posts for a path with these (position, minutes) steps."""
    fields: dict[str, Any] = {
        "name": "Night",
        "position": 5,
        "severities": ["1", "2"],
        "categories": [],
        "hours": "",
        "days": ["1", "2", "3", "4", "5"],
        "opens": "09:00",
        "closes": "17:00",
        "zone": "UTC",
        "repeat_minutes": 10,
        "repeats": 4,
        "is_active": "on",
        "steps-TOTAL_FORMS": len(steps),
        "steps-INITIAL_FORMS": 0,
        "steps-MIN_NUM_FORMS": 0,
        "steps-MAX_NUM_FORMS": 1000,
    }
    for number, (position, minutes) in enumerate(steps):
        fields[f"steps-{number}-position"] = position
        fields[f"steps-{number}-after_minutes"] = minutes
        fields[f"steps-{number}-groups"] = groups
    return fields | changes


@pytest.mark.django_db
def test_an_administrator_adds_a_path_with_its_steps_and_it_is_recorded(as_: As) -> None:
    team = group("Night team", person("Ada"))
    boss = person("Boss", "administrator")

    answer = as_(boss).post(f"{PATHS}add/", form((1, 0), (2, 5), groups=[team.pk]))

    assert answer.status_code == 302
    made = EscalationPath.objects.get(name="Night")
    assert made.severities == [1, 2]
    assert made.categories == []
    steps = EscalationStep.objects.filter(path=made).order_by("position")
    assert [(s.position, s.after_minutes, s.groups.get().name) for s in steps] == [
        (1, 0, "Night team"),
        (2, 5, "Night team"),
    ]
    assert AuditEvent.objects.filter(user_id=boss.pk, action__startswith="added").exists()
    assert start().path == made


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"steps-1-after_minutes": 0}, "Each step must come later than the one before"),
        ({"steps-1-position": 1}, "Please correct the duplicate"),
        ({"severities": []}, "This field is required"),
        ({"repeat_minutes": 0}, "greater than or equal to 1"),
        ({"steps-TOTAL_FORMS": 0}, "A path needs a step"),
        ({"zone": "Mars/Olympus"}, "There is no time zone Mars/Olympus; write it like"),
        ({"closes": "08:00"}, "Working hours end after they begin, on the same day."),
        ({"hours": "off", "days": []}, "Choose the days on which people work."),
    ],
)
def test_a_path_that_cannot_work_is_refused_in_words(
    as_: As, changes: dict[str, Any], sentence: str
) -> None:
    client = as_(person("Boss", "administrator"))

    answer = client.post(f"{PATHS}add/", form((1, 0), (2, 5), groups=[], **changes))

    assert answer.status_code == 200
    assert sentence in answer.content.decode()
    assert not EscalationPath.objects.filter(name="Night").exists()


@pytest.mark.django_db
def test_who_keeps_no_registers_reads_paths_and_changes_none(as_: As) -> None:
    row = path((0, [person("Ada")]))
    client = as_(person("Cy", "commander"))

    assert client.get(f"{PATHS}{row.pk}/change/").status_code == 200
    answer = client.post(f"{PATHS}{row.pk}/change/", form((1, 0), groups=[]))

    assert answer.status_code == 403
    assert client.get(f"{PATHS}add/").status_code == 403
    assert EscalationPath.objects.get(pk=row.pk).name == "Test path"


@pytest.mark.django_db
def test_only_active_staff_can_be_chosen_for_a_group(as_: As) -> None:
    contact = person("Contact")
    User.objects.filter(pk=contact.pk).update(roles=[])
    ada, gone = person("Ada"), person("Gone", is_active=False)
    client = as_(person("Boss", "administrator"))

    for user in (contact, gone):
        refused = client.post(f"{GROUPS}add/", {"name": "Team", "members": [user.pk]})
        assert "is not one of the available choices" in refused.content.decode()
    client.post(f"{GROUPS}add/", {"name": "Team", "members": [ada.pk]})

    assert list(Group.objects.get(name="Team").members.all()) == [ada]


@pytest.mark.django_db
def test_the_message_log_is_for_those_who_may_read_it(as_: As) -> None:
    row = queue(context={"reference": "R-1", "title": "<b>", "body": "Text", "url": "/"})
    assert row is not None

    seen = as_(person("Sec", "security")).get(f"{MESSAGES}{row.pk}/change/")
    assert row.message_id in seen.content.decode().replace("&lt;", "<").replace("&gt;", ">")
    assert "<b>" not in row.body_html
    assert as_(person("Rob", "responder")).get(MESSAGES).status_code == 403


@pytest.mark.django_db
def test_the_message_log_does_not_give_away_the_link_to_acknowledge(as_: As) -> None:
    path((0, [person("Ada")]))
    start()
    escalation.run_due(at=NOON)
    row = Message.objects.get()
    assert "/ack/Wz" in row.body_text

    page = as_(person("Aud", "auditor")).get(f"{MESSAGES}{row.pk}/change/").content.decode()

    assert "/ack/…/" in page
    assert "/ack/W" not in page


@pytest.mark.django_db
def test_an_auditor_s_reading_of_a_message_is_recorded(as_: As) -> None:
    row = queue()
    assert row is not None
    auditor = person("Aud", "auditor")

    as_(auditor).get(f"{MESSAGES}{row.pk}/change/")

    assert AuditEvent.objects.get(user_id=auditor.pk).about == f"message:{row.pk}"


@pytest.mark.django_db
def test_an_escalation_s_page_tells_what_it_did(as_: As) -> None:
    path((0, [person("Ada")]))
    row = start()
    escalation.run_due(at=NOON)

    page = as_(person("Cy", "commander")).get(f"{ESCALATIONS}{row.pk}/change/")

    assert "Step 1 after 0 min: Ada" in page.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("address", [PATHS, GROUPS, MESSAGES, ESCALATIONS])
def test_a_list_costs_the_same_number_of_queries_for_1_and_30_rows(as_: As, address: str) -> None:
    client = as_(person("Sec", "security", "administrator"))

    def add(numbers: range) -> None:
        for number in numbers:
            path((0, []), (5, []), name=f"Path {number}", severities=[4])
            group(f"Group {number}")
            start(about=f"incident:{number}")
            queue(dedupe_key=f"n{number}")

    def cost() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(address).status_code == 200
        return len(seen)

    add(range(1))
    cost()  # whatever is cached after the first page
    with_one = cost()
    add(range(1, 30))
    assert cost() == with_one
    assert Message.objects.count() == Escalation.objects.count() == 30


@pytest.mark.django_db
def test_a_path_offers_what_there_is_and_keeps_what_was_renamed(as_: As) -> None:
    System.objects.create(name="gw-eu")
    Partner.objects.create(name="Helix Markets", code="HELIX")
    client = as_(person("Boss", "administrator"))
    asked = {"systems": ["gw-eu"], "partners": ["HELIX"], "hours": "off", "zone": "Europe/Berlin"}
    assert client.post(f"{PATHS}add/", form((1, 0), groups=[], **asked)).status_code == 302
    made = EscalationPath.objects.get(name="Night")
    assert (made.systems, made.partners, made.hours) == (["gw-eu"], ["HELIX"], "off")
    System.objects.update(name="gateway")
    page = client.get(f"{PATHS}{made.pk}/change/").text
    assert [
        "Helix Markets" in page,
        'value="gateway"' in page,
        'value="gw-eu" selected' in page,
    ] == [
        True,
        True,
        True,
    ]
    assert "gw-eu; HELIX; outside working hours only" in client.get(PATHS).text
