"""What was accepted is never lost: if opening fails, the delivery is kept, and opened once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection

from cases import jobs
from cases.intake import alerts, backlog
from cases.models import Alert, Event, Incident
from incidentdesk.kernel import clocks
from notifications.models import Escalation
from tests.cases.intake.conftest import alert, answer, call, event, fingerprint_of, only
from tests.conftest import as_owner

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("source", "pagerduty"),
]


@contextmanager
def broken(table: str, when: str = "true") -> Iterator[None]:
    """The owner makes every INSERT into this table fail, as a bad migration would."""
    with as_owner() as cursor:
        cursor.execute(
            "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF {when} THEN RAISE EXCEPTION 'out of order'; END IF; RETURN NEW; END $$;"
            f" CREATE TRIGGER aaa_fail BEFORE INSERT ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION fail()"
        )
    try:
        yield
    finally:
        with as_owner() as cursor:
            cursor.execute("DROP FUNCTION fail() CASCADE")


def outcomes() -> list[tuple[str, str]]:
    return [(e.outcome, e.said) for e in Event.objects.order_by("id")]


@pytest.mark.asvs("2.3.3", 9)
@pytest.mark.parametrize(
    "table",
    [
        "cases_incident",
        "cases_move",
        "cases_entry",
        "cases_deadline",
        "cases_alert",
        "notifications_escalation",
    ],
)
@pytest.mark.fault("F10", "a failing INSERT into each table")
def test_wherever_opening_fails_the_delivery_alone_stays_and_is_opened_later_once(post, table):
    with broken(table):
        found = answer(post(call(alert(severity="critical"))))
        assert found == {
            "status": "accepted",
            "incident": None,
            "incidents": [],
            "dedup_key": fingerprint_of("QuoteStale"),
        }
        assert outcomes() == [("pending", "accepted")]
        assert Incident.objects.count() == Alert.objects.count() == Escalation.objects.count() == 0
        assert alerts.open_pending(at=clocks.now()) == 0
        assert outcomes() == [("pending", "accepted")]
    jobs.open_pending()  # not yet: what failed just now is tried a little later
    assert outcomes() == [("pending", "accepted")]
    Event.objects.update(next_try_at=clocks.now())
    jobs.open_pending()
    assert outcomes() == [("done", f"later: opened {only().reference}")]
    kept = Event.objects.get()
    assert kept.incident == only()
    assert only().opened_at == only().detected_at == kept.received_at
    assert (only().urgency, Alert.objects.get().count) == (3, 1)
    assert Escalation.objects.get().state == "running"
    assert alerts.open_pending(at=clocks.now()) == 0
    assert Incident.objects.count() == 1


def test_what_waits_is_opened_in_the_order_in_which_it_came(post):
    with broken("cases_incident"):
        for name in ("A", "B", "A"):
            answer(post(call(alert(name), group=name)))
    assert alerts.open_pending(at=clocks.now()) == 3
    titles = Incident.objects.order_by("pk").values_list("title", flat=True)
    assert list(titles) == ["A", "B"]
    assert Alert.objects.get(title="A").count == 2
    references = list(Incident.objects.order_by("pk").values_list("reference", flat=True))
    assert [words for _, words in outcomes()] == [
        f"later: opened {references[0]}",
        f"later: opened {references[1]}",
        f"later: folded {references[0]}",
    ]


def test_a_delivery_that_cannot_be_opened_does_not_hold_up_those_behind_it(post, source):
    """One that fails in the database, and one that its format refuses by now."""
    with broken("cases_incident"):
        answer(post(call(alert("Cursed"), group="g1")))
        answer(post(call(alert("Odd"), group="g2")))
        answer(post(call(alert("Well"), group="g3")))
    Event.objects.filter(body__contains="Odd").update(body='{"alerts": []}')
    with broken("cases_incident", when="NEW.title = 'Cursed'"):
        assert alerts.open_pending(at=clocks.now()) == 1
    assert [o for o, _ in outcomes()] == ["pending", "pending", "done"]
    assert only().title == "Well"


def test_what_fails_again_is_tried_ever_more_rarely_and_never_dropped(post):
    waits = []
    with broken("cases_incident"):
        answer(post(call(alert())))
        alerts.open_pending(at=(at := clocks.now()))
        for tries in range(1, 8):
            before, at = at, Event.objects.values_list("next_try_at", flat=True).get()
            waits.append(at - before)
            alerts.open_pending(at=at - timedelta(seconds=1))
            assert Event.objects.get().attempts == tries
            alerts.open_pending(at=at)
    minutes = [wait.total_seconds() / 60 for wait in waits]
    assert minutes == [0.25, 1, 5, 15, 60, 60, 60]
    waiting = Event.objects.get()
    assert (waiting.outcome, waiting.attempts) == ("pending", 8)
    assert alerts.open_pending(at=waiting.next_try_at) == 1
    done = Event.objects.get()
    assert (done.outcome, done.attempts, done.next_try_at) == ("done", 8, None)


def test_those_that_always_fail_do_not_starve_those_behind(post, source):
    """As many as a run takes, and all of them older."""
    rows = [
        Event(source=source, received_at=clocks.now(), body="{}", outcome="pending")
        for _ in range(backlog.A_RUN)
    ]
    Event.objects.bulk_create(rows)
    with broken("cases_incident"):
        answer(post(call(alert("Well"))))
    at = clocks.now()
    assert [alerts.open_pending(at=at), alerts.open_pending(at=at)] == [0, 1]
    assert only().title == "Well"
    assert Event.objects.filter(outcome="pending", attempts=1).count() == backlog.A_RUN


def test_a_resolve_waits_for_its_own_alert_however_late_that_is_tried(post):
    with broken("cases_incident"):
        answer(post(call(alert("A"), group="a")))
        for _ in range(3):
            alerts.open_pending(at=Event.objects.get().next_try_at or clocks.now())
    answer(post(call(alert("A", status="resolved"), group="a")))
    fires, resolves = Event.objects.order_by("id")
    assert alerts.open_pending(at=clocks.now()) == 0
    resolves.refresh_from_db()
    assert (resolves.outcome, resolves.next_try_at) == ("pending", fires.next_try_at)
    assert alerts.open_pending(at=fires.next_try_at) == 2
    assert Alert.objects.get().resolved_at is not None
    assert only().recovery_proposed_at is not None


def test_a_resolve_waits_for_no_alert_but_its_own(post):
    answer(post(call(alert("B"), group="b")))
    with broken("cases_incident"):
        answer(post(call(alert("A"), group="a")))
        alerts.open_pending(at=clocks.now())
    answer(post(call(alert("B", status="resolved"), group="b")))
    assert alerts.open_pending(at=clocks.now()) == 1
    assert Alert.objects.get().resolved_at is not None


def test_two_sweeps_at_once_open_each_delivery_once(post, at_once: Callable):
    with broken("cases_incident"):
        for number in range(6):
            answer(post(call(alert(f"A{number}"), group=f"g{number}")))
    counts = at_once([lambda: alerts.open_pending(at=clocks.now())] * 3)
    assert sum(counts) == 6
    assert Incident.objects.count() == 6
    assert {o for o, _ in outcomes()} == {"done"}


def test_a_resolve_is_kept_too(post):
    answer(post(call(alert())))
    with broken("cases_entry"):
        assert answer(post(call(alert(status="resolved"))))["status"] == "accepted"
    assert Alert.objects.get().resolved_at is None
    received = Event.objects.latest("id").received_at
    assert alerts.open_pending(at=clocks.now()) == 1
    assert Alert.objects.get().resolved_at == received == only().recovery_proposed_at


@pytest.mark.parametrize("said", ["resolved", "firing and resolved"])
def test_a_resolve_waits_behind_its_alert_so_that_nothing_fires_for_ever(post, said, other_source):
    with broken("cases_incident"):
        answer(post(call(alert("A"))))
    more = [alert("B")] if said == "firing and resolved" else []
    assert answer(post(call(alert("A", status="resolved"), *more)))["status"] == "accepted"
    elsewhere = call(alert("C", status="resolved"))
    found = answer(post(elsewhere, "/intake/key-other/alertmanager"))
    assert found["status"] == "ignored"  # another source waits for nobody
    assert alerts.open_pending(at=clocks.now()) == 2
    firing = Alert.objects.filter(resolved_at=None).values_list("title", flat=True)
    assert list(firing) == [alert["labels"]["alertname"] for alert in more]
    assert (only().recovery_proposed_at is None) is bool(more)


def test_a_repeat_goes_on_folding_while_opening_fails(post):
    answer(post(call(alert())))
    with broken("cases_incident"):
        assert answer(post(call(alert())))["status"] == "folded"
    assert alerts.open_pending(at=clocks.now()) == 0


def test_pagerduty_is_told_success_and_its_key(enqueue):
    with broken("cases_incident"):
        found = answer(enqueue(event()))
    assert found == {
        "status": "success",
        "message": "Event processed",
        "outcome": "accepted",
        "incident": None,
        "incidents": [],
        "dedup_key": "gw-eu-2",
    }
    assert alerts.open_pending(at=clocks.now() + timedelta(minutes=5)) == 1


def test_a_key_that_was_given_in_the_answer_is_the_key_it_is_opened_with(enqueue):
    with broken("cases_incident"):
        key = answer(enqueue(event(key=None)))["dedup_key"]
    alerts.open_pending(at=clocks.now())
    assert Alert.objects.get().external_key == key
    assert answer(enqueue(event("resolve", key)))["outcome"] == "resolved"


@pytest.mark.fault("F8", "no row can be stored")
def test_a_database_that_takes_no_row_at_all_is_answered_with_503(post, client):
    """Never a 2xx for what is not stored."""
    with broken("cases_event"):
        refused = post(call(alert()))
    assert (refused.status_code, refused.json()) == (
        503,
        {"error": "The desk cannot store events at the moment; send it again."},
    )
    assert Event.objects.count() == Incident.objects.count() == 0
    answer(post(call(alert())))


@pytest.mark.fault("F8", "read-only")
def test_a_read_only_database_is_answered_with_503(post):
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
    try:
        assert post(call(alert())).status_code == 503
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = off")
    assert Event.objects.count() == 0
