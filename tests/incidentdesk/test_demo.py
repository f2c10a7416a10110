"""The demo: a year of incidents, told through the use cases, that disturbs nobody.

It is loaded once for all of these tests, inside a transaction that is rolled back.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.contrib.auth.hashers import check_password
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import F
from django.test import Client

from cases import facts, timeline, visibility
from cases.access import trying
from cases.models import (
    AccessEvent,
    AccessRule,
    Anomaly,
    Deadline,
    Digest,
    Entry,
    Event,
    FactsPackage,
    Incident,
    Involvement,
    Notice,
    NoticeCopy,
    Report,
    Request,
    Series,
)
from incidentdesk.demo import director, sidelines, stories
from incidentdesk.demo.cast import PASSWORD
from incidentdesk.demo.pace import Pace, detected_on
from incidentdesk.kernel import access
from incidentdesk.kernel.models import AuditEvent, User
from incidentdesk.kernel.scope import partner_scope
from notifications.models import Escalation, Group, Message
from partners.models import Partner
from reviews.models import DocumentUpdate, PreventiveAction, Review

NOW = datetime(2026, 3, 4, 10, 16, tzinfo=UTC)
PHASES = {
    "identification": 2,
    "containment": 1,
    "mitigation": 1,
    "recovery": 1,
    "review": 2,
    "closed": 45,
    "dismissed": 10,
}
STAFF = ("commander", "responder", "comms", "approver", "security", "auditor", "admin")
CONTACTS = {
    "admin@helix.example": "HELIX",
    "contact@helix.example": "HELIX",
    "contact@norrbank.example": "NORRBANK",
    "contact@tidewater.example": "TIDEWATER",
}


@pytest.fixture(scope="module")
def told(django_db_setup: None, django_db_blocker: Any) -> Iterator[list[tuple[int, int]]]:
    """The loaded demo; what was said while loading."""
    said: list[tuple[int, int]] = []
    with django_db_blocker.unblock(), transaction.atomic():
        director.load(at=NOW, say=lambda done, total: said.append((done, total)))
        yield said
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def _savepoint(told: list[tuple[int, int]]) -> Iterator[None]:
    """What a test changes is undone; the demo stays for the next."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def counted() -> dict[str, int]:
    """How many rows there are of everything that the demo makes."""
    models = (User, Partner, Incident, Entry, Notice, Report, Message, Review, AuditEvent, Event)
    return {model.__name__: model._default_manager.count() for model in models}


def test_nobody_is_paged_and_nothing_is_mailed() -> None:
    assert set(Message.objects.values_list("state", flat=True)) == {"suppressed"}
    assert not Escalation.objects.filter(state="running").exists()
    assert not Escalation.objects.exclude(next_action_at=None).exists()


def test_there_are_incidents_in_every_phase_of_every_kind() -> None:
    incidents = Incident.objects.all()
    assert Counter(incidents.values_list("phase", flat=True)) == PHASES
    assert set(incidents.values_list("severity", flat=True)) == {1, 2, 3, 4}
    detections = set(incidents.values_list("detection", flat=True))
    assert detections == set(Incident.Detection.values)
    known = incidents.exclude(category=None).values_list("category__key", flat=True)
    assert len(set(known)) == 5
    assert set(incidents.exclude(dismissal="").values_list("dismissal", flat=True)) == {
        "false_positive",
        "duplicate",
    }
    assert incidents.filter(moves__from_phase="closed", phase="closed").exists()


def test_every_closed_incident_has_a_complete_review_that_somebody_else_approved() -> None:
    for incident in Incident.objects.filter(phase="closed").select_related("review"):
        review = incident.review
        assert review.state == "approved", incident
        assert review.approved_by_id not in (None, incident.commander_id)
        assert all((review.root_cause, review.contributing_factors, review.went_well))
        assert review.controls.exists()
        assert review.actions.exists()
        assert review.lessons.exists()
        assert review.documents.exists() or review.no_documents_reason


def test_every_chain_verifies_and_runs_in_the_order_of_time() -> None:
    for incident in Incident.objects.all():
        assert timeline.first_fault(incident) is None
        times = list(incident.entries.order_by("sequence").values_list("at", flat=True))
        assert times == sorted(times)
        assert times[-1] <= NOW
    opened = list(Incident.objects.order_by("reference").values_list("opened_at", flat=True))
    assert opened == sorted(opened)


def test_the_fresh_one_waits_for_somebody_to_look() -> None:
    fresh = Incident.objects.get(title=sidelines.FRESH)
    assert (fresh.severity, fresh.acknowledged_at, fresh.commander) == (3, None, None)
    assert fresh.opened_at == NOW - timedelta(minutes=18)
    assert fresh.alerts.get().count == 3


def test_one_of_the_watched_series_went_wrong_for_a_while() -> None:
    wrong = Anomaly.objects.get()
    assert (wrong.series.name, wrong.kind) == ('order_latency_ms{gateway="eu-2"}', "unusual")
    assert wrong.ended_at is not None
    assert Series.objects.filter(is_on=True).count() == 3
    incident = Incident.objects.get(alerts__external_key=wrong.key)
    assert (incident.phase, incident.recovery_proposed_at is not None) == ("identification", True)


def test_the_one_in_containment_waits_for_an_approval() -> None:
    stale = Incident.objects.get(phase="containment")
    known = facts.of(stale, at=NOW)
    assert (stale.severity, known.partners, known.partners_told) == (2, 3, 2)
    assert (known.systems, known.systems_affected) == (2, 1)
    ended, total = known.tasks["containment"]
    assert 0 < ended < total
    copies = NoticeCopy.objects.filter(involvement__incident=stale)
    assert copies.filter(acknowledged_at__isnull=False).get().partner.code == "HELIX"
    draft = Notice.objects.get(state="draft")
    assert [copy.partner.code for copy in draft.copies.all()] == ["TIDEWATER"]
    assert stale.reports.get().partner.code == "NORRBANK"
    assert str(stale.commander) == "Commander 1"


def test_every_list_has_something_to_do() -> None:
    assert Report.objects.filter(state="new").count() == 2
    late = PreventiveAction.objects.filter(state="agreed", due_on__lt=NOW.date())
    assert {(NOW.date() - action.due_on).days for action in late} == {3, 9}
    assert PreventiveAction.objects.filter(state="agreed", due_on__gte=NOW.date()).exists()
    assert set(DocumentUpdate.objects.values_list("state", flat=True)) == {"open", "done"}
    drafts = {review.incident.title: review for review in Review.objects.filter(state="draft")}
    half = drafts["Drop copy late for one partner"]
    assert half.root_cause
    assert not half.lessons.exists()
    assert Event.objects.filter(outcome="refused").count() == 2
    assert all(group.members.exists() for group in Group.objects.all())


@pytest.mark.parametrize("code", ["HELIX", "NORRBANK", "TIDEWATER"])
def test_each_partner_sees_its_own_and_nothing_else(code: str) -> None:
    partner = Partner.objects.get(code=code)
    user = User.objects.get(email=f"contact@{code.lower()}.example")
    actor = access.actor_for(user, partner_id=partner.pk)
    with partner_scope(partner.pk):
        shown = list(visibility.involvements_for(actor))
        everything = set(Involvement.objects.values_list("partner_id", flat=True))
        notices = visibility.notices_for(actor).count()
        reports = visibility.reports_for(actor).count()
    assert everything == {partner.pk}
    assert len(shown) >= 15
    assert all(row.reference.startswith(f"{code}-") for row in shown)
    assert {row.phase for row in shown} >= {"closed"}
    assert len(shown) <= notices
    assert reports


def test_the_logins_work(settings: Any, client: Client) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    settings.REQUIRE_MFA = False
    emails = [f"{name}@desk.example" for name in STAFF] + list(CONTACTS)
    people = User.objects.filter(email__in=emails)
    assert {user.email for user in people} == set(emails)
    (password,) = {user.password for user in people}
    assert check_password(PASSWORD, password)
    for email, home in (("responder@desk.example", "/admin/"), ("admin@helix.example", "/portal/")):
        answer = client.post(
            "/accounts/login/", {"login": email, "password": PASSWORD}, follow=True
        )
        assert answer.redirect_chain[-1][0] == home, email
        client.post("/accounts/logout/")


def test_whatever_partners_can_be_told_was_told_once() -> None:
    sent = NoticeCopy.objects.filter(sent_at__isnull=False)
    assert set(sent.values_list("kind", flat=True)) == {"first", "update", "all_clear", "report"}
    assert Notice.objects.exclude(emergency_reason="").count() == 1
    assert sent.filter(tlp="RED").get().partner.code == "HELIX"
    assert not sent.filter(body__contains="{").exists()
    assert set(Request.objects.values_list("state", flat=True)) == set(Request.State.values)
    stages = FactsPackage.objects.values_list("stage", flat=True)
    assert set(stages) == {"initial", "interim", "final"}
    assert Digest.objects.exists()
    facts = Deadline.objects.filter(kind__startswith="facts_", is_dropped=False)
    assert facts.filter(met_at__gt=F("due_at")).exists()
    assert not facts.filter(met_at=None, due_at__lt=NOW - timedelta(days=1)).exists()


def test_a_second_load_says_so_and_changes_nothing() -> None:
    before = counted()
    with pytest.raises(CommandError, match=r"^The demo data are loaded already; nothing was"):
        call_command("load_demo")
    assert counted() == before


def test_a_desk_in_use_gets_no_demo() -> None:
    User.objects.filter(email="commander@desk.example").update(email="real@desk.example")
    before = counted()
    with pytest.raises(CommandError, match="for an empty one"):
        call_command("load_demo")
    assert counted() == before


def test_loading_tells_how_far_it_is(told: list[tuple[int, int]]) -> None:
    total = Incident.objects.count()
    assert told == [(number, total) for number in range(1, total + 1)]


def test_savepoints_are_back_after_loading() -> None:
    assert connection.features.uses_savepoints


def test_stories_run_forward_whenever_they_are_told() -> None:
    pace = Pace()
    for hour in range(0, 24 * 21, 5):
        rng = random.Random(hour)
        start = detected_on(NOW - timedelta(hours=hour), rng)
        for severity in (1, 2, 3, 4):
            latest = start + timedelta(days=rng.choice((2, 9, 90)))
            times = astuple(pace.plan(severity, start, rng).within(latest))
            assert all(earlier < later for earlier, later in pairwise(times)), times
            assert times[-1] <= latest


def test_every_story_has_the_words_that_its_partners_read() -> None:
    for story in stories.CLOSED:
        assert bool(story.codes) == bool(story.meaning and story.first and story.clear), story.title


def test_no_story_names_a_time_that_another_stands_beside() -> None:
    """A story is told at any hour of any day; what it says of when it was comes from its plan."""
    named = re.compile(
        r"\b\d{1,2}:\d\d\b|\b(mon|tues|wednes|thurs|fri|satur|sun)day\b|\bmidnight\b"
        r"|\bthis (morning|afternoon|evening)\b",
        re.IGNORECASE,
    )
    found = [
        (story.title, hit[0])
        for story in stories.CLOSED
        for words in astuple(story)
        for hit in named.finditer(repr(words))
    ]
    assert found == []


def test_a_month_of_accesses_is_there_for_a_trial_and_opens_nothing_by_itself() -> None:
    assert not AccessEvent.objects.filter(is_judged=False).exists()
    assert set(AccessEvent.objects.values_list("source__name", flat=True)) == {"bastions"}
    by = access.actor_for(User.objects.get(email="admin@desk.example"))
    tried = {
        rule.kind: (trying.try_out(rule_id=rule.pk, by=by, at=NOW).tried or {})["times"]
        for rule in AccessRule.objects.all()
    }
    assert (tried["address"], tried["account"], tried["barred"]) == (2, 1, 0)
