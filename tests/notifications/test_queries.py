"""What an incident's page reads: the messages, the escalation, the whole story in order."""

from __future__ import annotations

import pytest

from incidentdesk.kernel.access import SYSTEM
from notifications import delivery, escalation, queries
from tests.notifications.conftest import ABOUT, NOON, minutes, path, person, queue, start
from tests.sinks import SmtpSink


@pytest.mark.django_db
def test_the_log_tells_the_story_in_order(sink: SmtpSink) -> None:
    path((0, [person("Ada")]), (3, [person("Bo")]))
    start()
    sink.refuse("550 5.1.1 No such user", to="bo@")
    for minute in (0, 3):
        escalation.run_due(at=minutes(minute))
        delivery.deliver_due(at=minutes(minute))
    escalation.acknowledge(about=ABOUT, by_user_id=None, by_name="Ada", at=minutes(4))
    queue(about="incident:8")

    subject = "“SEV-1 INC-2026-0007: Quotes are stale”"
    assert [(e.at.minute, e.words.split(" (")[0]) for e in queries.log(ABOUT)] == [
        (0, "Step 1 after 0 min: Ada"),
        (0, f"{subject} to ada@desk.test: queued"),
        (0, f"{subject} to ada@desk.test: sent"),
        (3, "Step 2 after 3 min: Bo"),
        (3, f"{subject} to bo@desk.test: queued"),
        (3, f"{subject} to bo@desk.test: failed"),
        (4, "Acknowledged by Ada"),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 30])
def test_the_log_and_the_messages_cost_a_fixed_number_of_queries(
    count: int, django_assert_num_queries: object
) -> None:
    for number in range(count):
        queue(dedupe_key=f"n{number}", to=person(f"P{number}"))

    with django_assert_num_queries(3):  # type: ignore[operator]
        assert len(queries.log(ABOUT)) == count
        assert len([str(message.to_user) for message in queries.about(ABOUT)]) == count


@pytest.mark.django_db
def test_what_waits_for_an_acknowledgement_is_listed_by_its_next_step() -> None:
    path((0, [person("Ada")]), severities=[1], name="now")
    path((30, [person("Bo")]), severities=[3], name="later")
    start(about="incident:1", severity=3)
    start(about="incident:2", severity=1)
    start(about="incident:3", severity=1)
    escalation.acknowledge(about="incident:3", by_user_id=None, by_name="Ada", at=NOON)

    assert [row.about for row in queries.waiting_for_acknowledgement(SYSTEM)] == [
        "incident:2",
        "incident:1",
    ]
    last = queries.escalation("incident:3")
    assert last is not None
    assert last.state == "acknowledged"
