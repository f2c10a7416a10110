"""What every test stands on: the real database as the application's role, people, incidents.

The owner creates the test database; tests connect as the application, as the desk does. A test
marked `django_db(transaction=True)` leaves the tables as the migrations made them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg2
import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import connections
from django.test import Client
from django.test.utils import setup_databases, teardown_databases

from cases import (
    audience,
    deciding,
    disclosure,
    evaluation,
    evidence,
    fixes,
    notices,
    response,
    restoring,
    tasks,
    workflow,
)
from cases.models import Category, Evidence, Incident, Notice, Source, System
from incidentdesk.kernel import access, grants
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.models import User
from incidentdesk.kernel.roles import ROLES
from incidentdesk.kernel.shown_once import digest
from partners.models import Contact, Partner

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
NOW = datetime(2026, 3, 4, 9, 41, tzinfo=UTC)  # a Wednesday
PASSWORD = "night-shift-lantern"


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest,
    django_test_environment: None,
    django_db_modify_db_settings: None,
    django_db_keepdb: bool,
    django_db_createdb: bool,
    django_db_blocker: Any,
) -> Iterator[None]:
    """Both connections go to a test database, made by the owner, whichever a test asks for.

    Left to itself, pytest-django sets up only what the collected tests name: with `default` alone
    nobody would make the database it mirrors, and tests would run on the desk's own.
    """
    verbosity = request.config.option.verbose
    keepdb = django_db_keepdb and not django_db_createdb
    with django_db_blocker.unblock():
        made = setup_databases(verbosity, interactive=False, keepdb=keepdb, serialized_aliases=())
        assert {c.settings_dict["NAME"][:5] for c in connections.all()} == {"test_"}
    yield
    if not keepdb:
        with django_db_blocker.unblock():
            connections.close_all()
            if _is_alone():
                teardown_databases(made, verbosity)


def _is_alone() -> bool:
    """Whether threads that tests left to themselves let go of the database, for which they have a
    minute; one that is still in use is dropped by the next run."""
    name, until = connections["owner"].settings_dict["NAME"], time.monotonic() + 60
    with connections["owner"]._nodb_cursor() as cursor:
        while time.monotonic() < until:
            cursor.execute(
                "SELECT usename, left(query, 200) FROM pg_stat_activity WHERE datname = %s", [name]
            )
            if not (left := cursor.fetchall()):
                return True
            time.sleep(0.2)
    print("still at the test database:", left)
    return False


@pytest.fixture(scope="session", autouse=True)
def _redis() -> Iterator[None]:
    """The embedded Redis runs while tests do: the shared cache and the broker are real."""
    if settings.EMBEDDED is None:
        yield
        return
    from incidentdesk.embedded import servers

    servers.acquire_redis(settings.EMBEDDED)
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
    own = settings.EMBEDDED.cache_url.replace("db=1", f"db={4 + number % 4}")  # of eight it has
    settings.CACHES["default"]["LOCATION"] = own  # what one process clears is another's
    yield


@pytest.fixture(autouse=True)
def _fast_passwords(settings: Any) -> None:
    """Hash passwords quickly; how they are hashed is Django's promise, not ours."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture(autouse=True)
def _own_files(settings: Any, tmp_path: Any) -> None:
    """What a test stores is gone with it."""
    settings.MEDIA_ROOT = tmp_path / "media"


KEPT = {"django_migrations", "django_content_type", "auth_permission"}


@contextmanager
def as_owner() -> Iterator[Any]:
    """A cursor of the owner on the test database, beside Django's own connections."""
    parameters = connections["owner"].get_connection_params()
    for name in ("cursor_factory", "client_encoding", "context"):
        parameters.pop(name, None)
    connection = psycopg2.connect(**parameters)
    try:
        with connection, connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


@pytest.fixture(scope="session")
def _shipped(django_db_setup: None) -> dict[str, list[tuple[Any, ...]]]:
    """The rows that migrations load, by table, so that a test that commits can be undone."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    with as_owner() as cursor:
        for table in _tables(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 -- names of our tables
            if rows := cursor.fetchall():
                found[table] = rows
    return found


def _tables(cursor: Any) -> list[str]:
    cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return sorted(row[0] for row in cursor.fetchall() if row[0] not in KEPT)


@pytest.fixture(autouse=True)
def _undo_commits(request: pytest.FixtureRequest) -> Iterator[None]:
    """After a transactional test, empty all tables as the owner and put the shipped rows back."""
    marker = request.node.get_closest_marker("django_db")
    commits = "transactional_db" in request.fixturenames or (
        marker is not None and marker.kwargs.get("transaction")
    )
    if not commits:
        yield
        return
    shipped = request.getfixturevalue("_shipped")
    yield
    connections.close_all()
    with as_owner() as cursor:
        names = ", ".join(f'"{table}"' for table in _tables(cursor))
        cursor.execute(f"TRUNCATE {names} CASCADE")
        cursor.execute(
            "SELECT sequencename FROM pg_sequences"
            " WHERE sequencename ~ '^(cases_reference|reviews_problem)_[0-9]+$'"
        )
        for (sequence,) in cursor.fetchall():  # each year's references begin anew
            cursor.execute(f'DROP SEQUENCE "{sequence}"')
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        for table in shipped:  # what is shipped may be guarded against being added to
            cursor.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')
        for table, rows in shipped.items():
            holes = ", ".join(["%s"] * len(rows[0]))
            cursor.executemany(f'INSERT INTO "{table}" VALUES ({holes})', rows)  # noqa: S608
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in shipped:
            cursor.execute(f'ALTER TABLE "{table}" ENABLE TRIGGER USER')


# --- people ---------------------------------------------------------------------------------------


class People(dict[str, User]):
    """One member of staff for each role, by role key, and two partners with a contact each."""

    def actor(self, key: str) -> Actor:
        """The person as one who acts at the desk."""
        return access.actor_for(self[key])

    def contact(self, key: str, partner: Partner) -> Actor:
        """The person as one who works for a partner."""
        return access.actor_for(self[key], partner_id=partner.pk)


@pytest.fixture
def people(db: None) -> People:
    """`people["commander"]` is a user; `people.actor("commander")` acts."""
    made = People()
    for key, role in ROLES.items():
        made[key] = User.objects.create_user(
            f"{key}@desk.test", PASSWORD, name=role.label, roles=[key]
        )
    return made


@pytest.fixture
def helix(people: People) -> Partner:
    """A partner with a contact, `people["helix"]`."""
    return _partner(people, "Helix Markets", "HELIX", "helix")


@pytest.fixture
def norrbank(people: People) -> Partner:
    """Another partner with a contact, `people["norrbank"]`."""
    return _partner(people, "Norrbank Securities", "NORR", "norrbank")


def _partner(people: People, name: str, code: str, key: str) -> Partner:
    partner = Partner.objects.create(name=name, code=code)
    user = User.objects.create_user(f"contact@{key}.test", PASSWORD, name=f"{name} contact")
    Contact.objects.create(partner=partner, user=user, name=user.name, email=user.email)
    grants.grant(user, "act", partner)
    people[key] = user
    return partner


# --- incidents ------------------------------------------------------------------------------------


@pytest.fixture
def source(db: None) -> Source:
    """An Alertmanager source with the key `key-alertmanager`."""
    return Source.objects.create(
        name="prod-eu",
        format="alertmanager",
        key_digest=digest("key-alertmanager"),
        category=Category.objects.get(key="outage"),
    )


@pytest.fixture
def declare(people: People) -> Callable[..., Incident]:
    """`declare(title=…)` opens an incident as the responder at NOW."""

    def open_one(*, title: str = "Stale prices", at: datetime = NOW, **known: Any) -> Incident:
        opening = workflow.Opening(
            title=title,
            detection=Incident.Detection.STAFF,
            detected_by="staff",
            detected_at=known.pop("detected_at", at),
            **{"impact": 2, "scope": 2, "urgency": 2, **known},
        )
        return workflow.open_incident(opening=opening, by=people.actor("responder"), at=at)

    return open_one


@pytest.fixture
def incident_in(
    declare: Callable[..., Incident], people: People, helix: Partner
) -> Callable[[str], Incident]:
    """`incident_in("recovery")`: walked there through the use cases, with Helix involved."""

    def walk(phase: str, *, title: str = "Stale prices") -> Incident:
        incident = declare(title=title)
        step = Walk(incident.pk, people, helix)
        for name in ("containment", "mitigation", "recovery", "review"):
            if incident.phase == phase:
                break
            getattr(step, f"to_{name}")()
            incident = Incident.objects.get(pk=incident.pk)
        assert incident.phase == phase
        return incident

    return walk


class Walk:
    """Does what each gate asks for, as the people whose work it is, five minutes a step."""

    def __init__(self, incident_id: int, people: People, partner: Partner) -> None:
        self.id, self.people, self.partner = incident_id, people, partner
        newest = Incident.objects.get(pk=incident_id).entries.order_by("sequence").last()
        self.at = max(NOW, newest.at)  # it goes on where the incident is
        self.commander = people.actor("commander")

    def tick(self) -> datetime:
        """Five minutes later."""
        self.at += timedelta(minutes=5)
        return self.at

    def ready_for_containment(self, *, without: str = "") -> None:
        """Evaluated, commanded, systems and partners listed; `without` one signature."""
        by = self.commander
        found = evaluation.Evaluation(
            category_id=Category.objects.get(key="outage").pk,
            impact=3,
            scope=2,
            urgency=2,
            occurred_at=NOW - timedelta(minutes=3),
            aware_at=NOW,
            is_confirmed=True,
            bases={
                axis: evaluation.Support(words="As the quote monitor shows.")
                for axis in ("impact", "scope", "urgency")
            },
        )
        evaluation.evaluate(incident_id=self.id, found=found, by=by, at=self.tick())
        workflow.take_command(incident_id=self.id, by=by, at=self.tick())
        system, _ = System.objects.get_or_create(name="quote-gw-eu-2")
        response.add_system(incident_id=self.id, system_id=system.pk, by=by, at=self.tick())
        disclosure.add_partner(
            incident_id=self.id,
            partner_id=self.partner.pk,
            title="Delayed quotes",
            meaning="Use EU-1.",
            severity=2,
            by=by,
            at=self.tick(),
        )
        self.sign_all("regulatory_decided", "no_duplicate", without=without)

    def to_containment(self) -> None:
        """Ready, and moved."""
        self.ready_for_containment()
        workflow.begin_containment(incident_id=self.id, by=self.commander, at=self.tick())

    def ready_for_mitigation(self, *, without: str = "") -> None:
        """Tasks ended, systems isolated, partners told, growth stopped, exposure named."""
        self.end_tasks("containment", with_evidence=without != "evidence")
        self.change_systems("isolated")
        if without != "decision":
            self.decide("notify")
        self.notify("first")
        self.sign_all("no_growth", without=without)
        restoring.record_residual_exposure(
            incident_id=self.id, text="None.", by=self.commander, at=self.tick()
        )

    def to_mitigation(self) -> None:
        """Ready, and moved."""
        self.ready_for_mitigation()
        workflow.begin_mitigation(incident_id=self.id, by=self.commander, at=self.tick())

    def ready_for_recovery(self, *, without: str = "") -> None:
        """Tasks ended, cause known, a fix approved by a second person, its return detected."""
        self.end_tasks("mitigation")
        response.record_cause(
            incident_id=self.id, cause="A stuck feed handler.", by=self.commander, at=self.tick()
        )
        if without != "fix":
            self.fix()
        self.sign_all("detection_added", without=without)

    def to_recovery(self) -> None:
        """Ready, and moved."""
        self.ready_for_recovery()
        workflow.begin_recovery(incident_id=self.id, by=self.commander, at=self.tick())

    def ready_for_review(self, *, without: str = "") -> None:
        """Restored, checked, soaked, reconciled, confirmed by partners, all clear sent."""
        self.end_tasks("recovery")
        self.change_systems("restored")
        at = self.tick()
        response.record_recovery(incident_id=self.id, recovered_at=at, by=self.commander, at=at)
        self.notify("all_clear")
        self.sign_all("blocks_lifted", without=without)
        restoring.record_check(
            incident_id=self.id,
            name="Quote age",
            passed=True,
            result="Below 200 ms for 20 minutes.",
            by=self.commander,
            at=self.tick(),
        )
        if without != "reconciled":
            restoring.reconcile(
                incident_id=self.id,
                what="Quotes against the venue's tape",
                compared=40_000,
                differences=0,
                by=self.commander,
                at=self.tick(),
            )
        for involvement in Incident.objects.get(pk=self.id).involvements.all():
            restoring.confirm_partner(
                incident_id=self.id,
                involvement_id=involvement.pk,
                who="Their desk, by phone",
                by=self.commander,
                at=self.tick(),
            )
        self.at += timedelta(minutes=60)  # the longest soak that is shipped

    def to_review(self) -> None:
        """Ready, and moved."""
        self.ready_for_review()
        workflow.begin_review(incident_id=self.id, by=self.commander, at=self.tick())

    def end_tasks(self, phase: str, *, with_evidence: bool = True) -> None:
        """All tasks of the phase are done, with evidence and a second person where marked.

        Without evidence, those that need it are waived.
        """
        rows = list(Incident.objects.get(pk=self.id).tasks.filter(phase=phase))
        marked = [task for task in rows if task.needs_evidence]
        if with_evidence:
            for task in marked:
                self.prove(task.pk)
        elif marked:
            rows = [task for task in rows if task not in marked]
            tasks.end(
                incident_id=self.id,
                task_ids=[task.pk for task in marked],
                state="waived",
                note="Nothing to keep.",
                by=self.commander,
                at=self.tick(),
            )
        tasks.end(
            incident_id=self.id,
            task_ids=[task.pk for task in rows],
            state="done",
            note="As the runbook says.",
            by=self.commander,
            at=self.tick(),
        )
        second = self.people.actor("responder")
        for task in rows:
            if task.needs_second_person:
                step = {"incident_id": self.id, "task_id": task.pk, "note": "Seen."}
                tasks.confirm(**step, by=second, at=self.tick())

    def prove(self, task_id: int | None = None, affected_id: int | None = None) -> Evidence:
        """A small file as evidence of a task or of a system."""
        return evidence.add(
            incident_id=self.id,
            upload=ContentFile(b"status: ok\n", name="status.txt"),
            title="Pool status",
            collector="Incident commander",
            collected_at=self.at,
            tlp="AMBER",
            task_id=task_id,
            affected_id=affected_id,
            by=self.commander,
            at=self.tick(),
        )

    def fix(self) -> None:
        """Proposed by the commander, approved by the responder."""
        fix = fixes.propose(
            incident_id=self.id,
            kind="permanent",
            text="Resubscribe after a gap.",
            change_reference="CHG-4411",
            test_evidence="Replayed on staging; no gap was left.",
            rollback_plan="Back to build 812.",
            by=self.commander,
            at=self.tick(),
        )
        fixes.approve(fix_id=fix.pk, by=self.people.actor("responder"), at=self.tick())

    def sign_all(self, *keys: str, without: str = "") -> None:
        """The commander signs each but one."""
        for key in keys:
            if key != without:
                self.sign(key)

    def change_systems(self, state: str) -> None:
        """All systems are isolated, or restored."""
        for affected in Incident.objects.get(pk=self.id).systems.all():
            response.change_system(
                incident_id=self.id,
                affected_id=affected.pk,
                state=state,
                how="taken out of the pool",
                checked_by_id=self.people["responder"].pk if state == "restored" else None,
                by=self.commander,
                at=self.tick(),
            )

    def sign(self, key: str) -> None:
        """The commander signs."""
        response.sign(incident_id=self.id, key=key, text="Seen.", by=self.commander, at=self.tick())

    def decide(self, choice: str) -> None:
        """The commander decides the same for every partner."""
        involved = Incident.objects.get(pk=self.id).involvements.values_list("pk", flat=True)
        deciding.decide(
            incident_id=self.id,
            involvement_ids=list(involved),
            choice=choice,
            reason="It trades on it.",
            by=self.commander,
            at=self.at,
        )

    def notify(self, kind: str) -> Notice:
        """Drafted by communications, approved by the approver, sent; a first one to whom it is
        new."""
        rows = list(Incident.objects.get(pk=self.id).involvements.all())
        told = audience.begun(rows) if kind == "first" else set()
        involved = [row.pk for row in rows if row.pk not in told]
        comms = self.people.actor("communications")
        notice = notices.draft(
            incident_id=self.id,
            kind=kind,
            body="Quotes were delayed.",
            involvement_ids=list(involved),
            by=comms,
            at=self.tick(),
        )
        approver = self.people.actor("approver")
        notices.approve(notice_id=notice.pk, by=approver, at=self.tick())
        return notices.send(notice_id=notice.pk, by=comms, at=self.tick())


@pytest.fixture
def as_(people: People) -> Callable[[str], Client]:
    """`as_("approver")` is a browser in which the approver is logged in."""

    def log_in(key: str) -> Client:
        browser = Client()
        browser.force_login(people[key])
        return browser

    return log_in


@pytest.fixture
def walk(people: People, helix: Partner) -> Callable[[Incident], Walk]:
    """Steps of one incident, to be taken one by one."""
    return lambda incident: Walk(incident.pk, people, helix)
