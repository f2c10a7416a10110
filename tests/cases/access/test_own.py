"""The desk's own accesses: logins, tokens, and what the audit trail says, without its names."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client

from cases import jobs
from cases.access import own, stored
from cases.models import AccessEvent, Incident
from incidentdesk.kernel import audit, clocks, tokens
from incidentdesk.kernel.access import SYSTEM
from incidentdesk.kernel.models import User
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    """No try of another test counts."""
    cache.clear()


def events() -> list[tuple[str, str, str]]:
    """Action, outcome and account of all events, as they were written."""
    rows = AccessEvent.objects.order_by("id")
    return list(rows.values_list("action", "outcome", "actor"))


def log_in(email: str, password: str = PASSWORD) -> None:
    Client(REMOTE_ADDR="198.51.100.7").post(LOGIN, {"login": email, "password": password})


@pytest.mark.asvs("16.3.1-16.3.4 16.5.1-16.5.3", 39)
def test_logins_failures_and_who_was_switched_off_are_written_down(people):
    off = User.objects.create_user("off@desk.test", PASSWORD, name="Off", is_active=False)
    log_in(people["responder"].email)
    log_in(people["responder"].email, "wrong-password")
    log_in("Nobody@desk.test", "wrong-password")
    log_in(off.email)
    log_in(off.email, "wrong-password")
    assert events() == [
        ("login", "success", "responder@desk.test"),
        ("login", "failure", "responder@desk.test"),
        ("login", "failure", "nobody@desk.test"),
        ("login", "barred", "off@desk.test"),
        ("login", "failure", "off@desk.test"),
    ]
    event = AccessEvent.objects.first()
    assert (event.source.name, event.address) == ("The desk itself", "198.51.100.7")


def call(secret: str, address: str = "198.51.100.7") -> int:
    browser = Client(REMOTE_ADDR=address, headers={"Authorization": f"Bearer {secret}"})
    return browser.get("/api/v1/incidents").status_code


def test_a_token_s_use_is_one_event_a_minute_and_network_and_a_revoked_one_is_barred(people):
    by, now = people.actor("responder"), clocks.now()
    token, secret = tokens.make(name="wall", scopes=[], by=by, at=now)
    name = f"token {token.pk} “wall”"
    assert [call(secret), call(secret), call(secret, "192.0.2.1")] == [200, 200, 200]
    assert events() == [("api", "success", name)] * 2
    assert AccessEvent.objects.filter(is_key=True).count() == 0
    tokens.revoke(token_id=token.pk, by=by, at=now)
    assert [call(secret), call("desk_nonsense")] == [401, 401]
    assert events()[2:] == [("api", "barred", name), ("api", "failure", "")]
    jobs.judge_access()
    assert [i.title for i in Incident.objects.all()] == [
        f"{name} was used although it is disabled or revoked"
    ]
    assert secret not in str(list(AccessEvent.objects.values()))


def test_of_strangers_only_so_many_a_minute_are_written_down(monkeypatch, people):
    monkeypatch.setattr(own, "MOST_STRANGERS", 3)
    at = clocks.now()
    for n in range(6):
        own.token_refused("desk_x", address="192.0.2.1", at=at + timedelta(microseconds=n))
    assert len(events()) == 3
    for n in range(6):  # one holder has a whole network of IPv6
        own.token_refused("desk_y", address=f"2001:db8:7:{n}::1", at=at)
    assert len(events()) == 6
    own.token_refused("desk_y", address="2001:db8:8::1", at=at)
    own.token_refused("desk_y", address="", at=at)  # as of a proxy's socket
    assert len(events()) == 8


def test_the_audit_trail_is_read_once_and_tells_no_names(people):
    at = clocks.now()

    def record(action: str, about: str, by=None) -> None:
        by = by or people.actor("administrator")
        audit.record(by=by, at=at, action=action, about=about, name="Secret takeover")

    record("changed person", "user:7")
    record("read", "incident:12", people.actor("auditor"))
    record("exported", "incidents")
    record("changed own preferences", "user:1")
    record("added source", "source:1", SYSTEM)
    assert [own.take_audit_trail(at=at), own.take_audit_trail(at=at)] == [4, 0]
    assert events() == [
        ("changed person", "success", "administrator@desk.test"),
        ("read", "success", "auditor@desk.test"),
        ("export", "success", "administrator@desk.test"),
        ("changed own preferences", "success", "administrator@desk.test"),
    ]
    kinds = AccessEvent.objects.order_by("id").values_list("is_privileged", "is_reading")
    assert list(kinds) == [(True, False), (False, True), (False, True), (False, False)]
    told = str(list(AccessEvent.objects.values()))
    assert "Secret" not in told
    assert "incident:12" not in told
    record("gave a login", "contact:1")
    assert own.take_audit_trail(at=at + stored.KEPT + timedelta(days=1)) == 0  # too old by then
    assert own.take_audit_trail(at=at) == 1


ADMINISTERED = (
    "added partner",
    "changed the right of",
    "chose the events of webhook",
    "deleted webhook",
    "discarded a draft of a playbook",
    "ended the former key of source",
    "gave a login",
    "mailed a password link to",
    "sent a test to source",
    "set the hard limits of a series",
    "switched off a series",
    "switched off access rule",
    "switched on webhook",
    "took a login",
    "tried access rule",
)
ORDINARY = (
    "accepted the invitation of",
    "answered “a false alarm” to an anomaly",
    "changed own preferences",
    "found evidence changed",
    "took back “a false alarm” of an anomaly",
    "took the record of",
    "viewed the portal as",
)


def test_what_changes_how_the_desk_works_is_privileged_and_daily_work_is_not(people):
    at, by = clocks.now(), people.actor("administrator")
    for action in (*ADMINISTERED, *ORDINARY):
        audit.record(by=by, at=at, action=action, about="x:1")
    own.take_audit_trail(at=at)
    rows = AccessEvent.objects.order_by("audit_id")
    privileged = rows.filter(is_privileged=True).values_list("action", flat=True)
    assert tuple(privileged) == ADMINISTERED
    others = list(rows.filter(is_privileged=False).values_list("action", "is_reading"))
    taken = {"took the record of": "export"}
    assert others == [(taken.get(one, one), one in taken) for one in ORDINARY]


def test_reading_what_is_restricted_is_recorded_for_everybody_once_in_a_while(people, as_, declare):
    open_one, closed = declare(title="Open"), declare(title="Closed")
    Incident.objects.filter(pk=closed.pk).update(is_restricted=True, commander=people["commander"])
    browser = as_("commander")
    for incident in (open_one, closed, closed):
        assert browser.get(f"/admin/cases/incident/{incident.pk}/change/").status_code == 200
    own.take_audit_trail(at=clocks.now())
    reads = AccessEvent.objects.filter(action="read")
    assert [(row.actor, row.detail) for row in reads] == [
        ("commander@desk.test", {"about": "incident"})
    ]
