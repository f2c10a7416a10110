"""Field history: what stood there before, who changed it and from where; kept by the database."""

from __future__ import annotations

import re

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cases import reading, tasks
from cases.models import Category, Incident, Source, System, Task
from incidentdesk.kernel import access, changes, history
from incidentdesk.kernel.models import User
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
NAMES = reading.HistoryNames(access.SYSTEM)
TRACKED = {model for model in apps.get_models() if history.name_field(model)}
# Models of cases that keep no history of fields, and why.
UNTRACKED = {
    "AccessEvent": "a line of a log as it came",
    "AccessFinding": "which events an alert rests on",
    "Alert": "machines count it up",
    "Anomaly": "the detector writes it; answers are in the audit trail",
    "Observation": "a figure as it came",
    "SeriesState": "what the detector remembers",
    "PrometheusQuery": "a register, in the audit trail",
    "TradingHours": "a register, in the audit trail",
    "Event": "a delivery as it came",
    "Entry": "append-only, chained",
    "TimelineHead": "written by a trigger",
    "Checkpoint": "append-only",
    "CheckpointHead": "append-only",
    "CheckpointRecipient": "a register, in the audit trail",
    "Anchor": "append-only; it is a history",
    "Classification": "append-only; it is a history",
    "Framework": "append-only",
    "HeldAlert": "an alert as it came; machines release it",
    "Heartbeat": "what a machine says, many times a day",
    "FrameworkReading": "append-only",
    "LegalHold": "placed and lifted on the timeline and the audit trail",
    "Letter": "a mail as it came; it is decided once, on the audit trail",
    "Move": "append-only",
    "Digest": "append-only",
    "DigestLine": "append-only",
    "FactsPackage": "append-only",
    "PartnerEvent": "append-only",
    "Statement": "append-only",
    "Waiver": "append-only",
    "MomentChange": "append-only; it is a history",
    "CustodyEvent": "append-only",
    "RecoveryCheck": "append-only",
    "Remark": "never changes but for who saw it",
    "ReportDraft": "one's own, and gone once it is sent",
    "RequestStep": "append-only",
    "SharedFile": "append-only",
    "Reconciliation": "append-only",
    "SeverityChange": "append-only; it is a history",
    "SeverityMatrix": "append-only",
    "SeverityRule": "a register, in the audit trail",
    "SeverityFloor": "a register, in the audit trail",
    "AxisLevel": "a register, in the audit trail",
    "Basis": "which evidence an axis rests on; on the timeline",
    "SavedView": "one's own",
    "Playbook": "versions that never change once published",
    "PlaybookTask": "a register, in the audit trail",
    "Receipt": "only the acknowledgement is added to it",
    "ReviewFacts": "a copy that reviews keeps",
    "IncidentUserObjectPermission": "a grant, on the timeline",
}


def read(*rows) -> list[tuple]:
    """What, verb, who, fields; newest first."""
    page = changes.page([changes.of_row(row) for row in rows], NAMES)
    return [
        (c.what, c.verb, c.who, [(f.label, f.old, f.new) for f in c.fields]) for c in page.changes
    ]


def test_every_case_object_keeps_its_history_or_says_why_not():
    ours = {
        model.__name__
        for model in apps.get_app_config("cases").get_models()
        if not hasattr(model, "pgh_tracked_model")
    }
    assert ours - {model.__name__ for model in TRACKED} == set(UNTRACKED)


@pytest.mark.asvs("14.2.1 14.3.2", 37)
def test_no_secret_is_kept_in_a_history():
    secret = re.compile(r"passw|key_digest|secret|token|salt|\bhash\b")
    columns = {
        f"{model.__name__}.{field.column}"
        for model in TRACKED
        for field in history.event_model(model)._meta.fields
    }
    assert {name for name in columns if secret.search(name)} == set()
    assert not issubclass(User, tuple(TRACKED))
    left = {f.name for f in Source._meta.fields} - {
        f.name for f in history.event_model(Source)._meta.fields
    }
    assert left == {
        "key_digest",
        "former_key_digest",
        "former_key_until",
        "key_since",
        "signing_secret",
    }


def test_each_change_says_what_stood_there_before_and_after(people):
    system = System.objects.create(name="order-gw")
    for description, owner in (("Orders", "responder"), ("Orders, EU", "commander")):
        system.description, system.owner = description, people[owner]
        system.save()
    system.is_critical = True
    system.save()
    assert read(system) == [
        ("system “order-gw”", "changed", "The desk", [("is critical", "no", "yes")]),
        (
            "system “order-gw”",
            "changed",
            "The desk",
            [
                ("description", "Orders", "Orders, EU"),
                ("owner", "Responder", "Incident commander"),
            ],
        ),
        (
            "system “order-gw”",
            "changed",
            "The desk",
            [("description", "—", "Orders"), ("owner", "—", "Responder")],
        ),
        ("system “order-gw”", "added", "The desk", []),
    ]


def test_a_save_that_changes_nothing_leaves_nothing():
    system = System.objects.create(name="order-gw")
    system.save()
    assert len(read(system)) == 1


def test_what_goes_around_django_is_kept_too():
    system = System.objects.create(name="order-gw")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE cases_system SET name = 'mallory' WHERE id = %s", [system.pk])
    assert read(system)[0][3] == [("name", "order-gw", "mallory")]


def test_a_row_that_is_gone_is_still_told_of(declare, people):
    incident = declare()
    by = people.actor("responder")
    task = tasks.add(incident_id=incident.pk, phase="containment", text="x", by=by, at=NOW)
    kept = Task.objects.get(pk=task.pk)
    task.delete()
    assert read(kept) == [("task “x”", "removed", "The desk", [])]


@pytest.mark.parametrize("model", sorted(TRACKED, key=str), ids=lambda model: model.__name__)
def test_a_history_is_only_added_to(model):
    table = history.event_model(model)._meta.db_table
    for statement in (
        f"UPDATE {table} SET pgh_id = 1",  # noqa: S608
        f"DELETE FROM {table}",  # noqa: S608
        f"TRUNCATE {table}",
    ):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


# --- who, and from where --------------------------------------------------------------------------


def contexts(model=Incident) -> list[dict | None]:
    rows = history.event_model(model).objects.order_by("pgh_id")
    return list(rows.values_list("pgh_context", flat=True))


def test_a_change_at_the_desk_says_who_made_it_and_from_where(declare, people):
    incident = declare()
    browser = Client(REMOTE_ADDR="192.0.2.7")
    browser.force_login(people["commander"])
    address = f"/admin/cases/incident/{incident.pk}/do/take_command/"
    assert browser.post(address).status_code == 302
    made = {
        "user": people["commander"].pk,
        "name": "Incident commander",
        "path": address,
        "ip": "192.0.2.7",
    }
    assert contexts()[0] is None
    assert contexts()[-1] == made
    newest = changes.page([changes.of_row(incident)], NAMES).changes[0]
    assert (newest.who, newest.place) == ("Incident commander", f"{address} · 192.0.2.7")


def test_reading_tells_the_database_nothing(declare, people):
    incident = declare()
    browser = Client()
    browser.force_login(people["commander"])
    with CaptureQueriesContext(connection) as asked:
        browser.get(f"/admin/cases/incident/{incident.pk}/change/")
    assert [q for q in asked.captured_queries if "pghistory" in q["sql"]] == []


def test_intake_and_jobs_pay_nothing_for_it_and_write_as_the_desk(people, source, client):
    payload = {
        "version": "4",
        "groupKey": "g",
        "status": "firing",
        "groupLabels": {},
        "alerts": [
            {
                "status": "firing",
                "labels": {"alertname": "A"},
                "annotations": {},
                "startsAt": "2026-03-04T09:40:00Z",
                "fingerprint": "f",
            }
        ],
    }
    with CaptureQueriesContext(connection) as asked:
        answer = client.post(
            "/intake/key-alertmanager/alertmanager", payload, content_type="application/json"
        )
    assert answer.status_code == 202
    assert [q for q in asked.captured_queries if "pghistory" in q["sql"]] == []
    assert set(contexts()) == {None}
    assert {row[2] for row in read(Incident.objects.get())} == {"The desk"}


@pytest.mark.asvs("14.2.1 14.3.2", 37)
def test_a_link_in_a_mail_leaves_its_secret_out(people, rf):
    seen = []

    def view(request):
        Category.objects.filter(key="outage").update(description="x")
        seen.append(contexts(Category)[-1])

    from django.contrib.auth.models import AnonymousUser

    request = rf.post("/ack/very-secret/")
    request.user = AnonymousUser()
    history.HistoryMiddleware(view)(request)
    assert seen == [{"user": None, "name": None, "path": "/ack/", "ip": "127.0.0.1"}]
    assert read(Category.objects.get(key="outage"))[0][2] == "By the link in a mail"


@pytest.mark.django_db(transaction=True)
def test_one_request_leaves_nothing_to_the_next(people, rf):
    def view(request):
        System.objects.create(name=request.path)

    request = rf.post("/admin/x/")
    request.user = people["administrator"]
    history.HistoryMiddleware(view)(request)
    System.objects.create(name="later")
    assert [c and c["name"] for c in contexts(System)] == ["Administrator", None]


# --- pages ----------------------------------------------------------------------------------------


def test_pages_of_the_history_follow_each_other_without_gap_or_repeat():
    system = System.objects.create(name="0")
    other = System.objects.create(name="other")
    for number in range(1, 61):
        system.name = str(number)
        system.save()
        if number % 3 == 0:
            other.description = str(number)
            other.save()
    sources = [changes.of_row(system), changes.of_row(other)]
    found, before, pages = [], "", 0
    while True:
        page = changes.page(sources, NAMES, before=before)
        found += [(c.what, tuple(c.fields)) for c in page.changes]
        pages, before = pages + 1, page.older
        if not before:
            break
    assert (pages, len(found), len(set(found))) == (4, 82, 82)
    assert changes.page(sources, NAMES, before="x~y~z") == changes.page(sources, NAMES)
    assert changes.page(sources, NAMES, before="2026-13-45T00:00Z~1~1") == changes.page(
        sources, NAMES
    )
    assert changes.page(sources, NAMES, before="1990-01-01T00:00:00+23:59~1~1").changes == []


def test_a_page_costs_the_same_for_one_change_and_for_thirty(people):
    system = System.objects.create(name="gw")

    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            changes.page([changes.of_row(system)], NAMES)
        return len(asked)

    system.owner = people["responder"]
    system.save()
    few = cost()
    for number in range(30):
        system.owner = people["commander" if number % 2 else "security"]
        system.save()
    assert few == cost() == 2
