"""The registers on the desk: controls with record and file, actions with filters and file."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cases.models import Incident
from incidentdesk.kernel import clocks
from incidentdesk.kernel.models import AuditEvent
from reviews import actions, controls, sheets
from reviews.models import Control, ControlCheck, PreventiveAction, Review
from tests.conftest import People
from tests.reviews.conftest import LATER, Steps

pytestmark = pytest.mark.django_db
LIST = "/admin/reviews/control/"
ACTIONS = "/admin/reviews/preventiveaction/"


@pytest.fixture
def control(people: People) -> Control:
    """Owned by the responder; its review is overdue."""
    return Control.objects.create(
        number="AC-1",
        title="Access control",
        owner=people["responder"],
        references=["ISO27001:A.5.15"],
        review_on=date(2026, 3, 1),
    )


def test_a_control_is_added_by_form_and_stands_in_the_audit_trail(
    people: People, as_: Callable[[str], Client]
) -> None:
    sent = {
        "number": "AC-2",
        "title": "Second factor",
        "kind": "policy",
        "owner": people["security"].pk,
        "description": "",
        "references": "iso27001:a.5.17 DORA:9 dora:9",
        "review_on": "2027-01-01",
    }

    assert as_("responder").post(f"{LIST}add/", sent).status_code == 403
    answer = as_("administrator").post(f"{LIST}add/", sent)

    assert answer.status_code == 302
    made = Control.objects.get()
    assert (made.references, made.kind) == (["ISO27001:A.5.17", "DORA:9"], "policy")
    assert AuditEvent.objects.filter(action="added control").count() == 1


def test_the_page_of_a_control_has_its_record_over_all_incidents_one_may_read(
    control: Control,
    steps: Steps,
    review: Review,
    people: People,
    as_: Callable[[str], Client],
) -> None:
    by: dict[str, Any] = {"review_id": review.pk, "by": people.actor("responder"), "at": LATER}
    controls.add_check(**by, control_id=control.pk, verdict="failed", note="Look at it monthly.")
    controls.add_check(**by, control_id=control.pk, verdict="worked")
    page = f"{LIST}{control.pk}/change/"

    words = as_("responder").get(page).content.decode()

    assert "Look at it monthly." in words
    for counted in ("worked <b>1</b>", "failed <b>1</b>", "missing <b>0</b>", "tested <b>0</b>"):
        assert counted in words
    Incident.objects.update(is_restricted=True)
    hidden = as_("responder").get(page).content.decode()
    assert [w for w in ("Look at it monthly.", review.incident.reference) if w in hidden] == []
    assert "failed <b>0</b>" in hidden
    listed = as_("responder").get(LIST).content.decode()
    assert "1 Mar 2026, overdue" in listed


def test_who_reviews_a_control_says_what_came_of_it_and_when_the_next_is(
    control: Control, as_: Callable[[str], Client]
) -> None:
    page = f"{LIST}{control.pk}"
    client = as_("security")
    shown = client.get(f"{page}/change/").content.decode()
    assert "Review the control" in shown
    (address,) = [part.split('"')[0] for part in shown.split('href="') if "look" in part[:90]][:1]

    assert client.post(address, {"note": "Holds.", "next_on": "2020-01-01"}).status_code == 422
    answer = client.post(address, {"note": "Holds.", "next_on": "2199-01-01"})

    assert answer.status_code == 302
    control.refresh_from_db()
    assert control.review_on == date(2199, 1, 1)
    line = AuditEvent.objects.get(action="reviewed control")
    assert (line.detail["said"], line.detail["next"]) == ("Holds.", "2199-01-01")


def test_the_register_goes_out_and_comes_in_as_a_file(
    control: Control, people: People, as_: Callable[[str], Client]
) -> None:
    client = as_("administrator")
    sent = client.get(f"{LIST}csv/controls.csv").content
    rows = list(csv.DictReader(io.StringIO(sent.decode("utf-8-sig"))))
    assert rows == [
        {
            "number": "AC-1",
            "title": "Access control",
            "kind": "control",
            "owner": "responder@desk.test",
            "description": "",
            "references": "ISO27001:A.5.15",
            "review_on": "2026-03-01",
            "retired": "no",
        }
    ]
    text = (
        "number,title,references,review_on\nAC-1,Access,DORA:9 soc2:cc6.1,2027-02-01\nAC-9,New,,\n"
    )
    upload = SimpleUploadedFile("c.csv", text.encode())
    dry = client.post(f"{LIST}csv/controls/", {"file": upload}).content.decode()
    assert "Access control → Access" in dry
    assert Control.objects.count() == 1

    count = sheets.import_controls(text=text, by=people.actor("administrator"), at=LATER)

    assert count == 2
    control.refresh_from_db()
    assert (control.title, control.references) == ("Access", ["DORA:9", "SOC2:CC6.1"])
    assert control.remind_at == clocks.end_of(date(2027, 2, 1)) - timedelta(days=15)
    assert Control.objects.get(number="AC-9").remind_at is None


@pytest.mark.parametrize(
    ("statement", "refusal"),
    [
        ("UPDATE reviews_control SET title = ''", "control_has_number_and_title"),
        ("UPDATE reviews_control SET review_on = '0001-01-01'", "control_review_in_reach"),
        ("UPDATE reviews_control SET review_on = '9999-12-31'", "control_review_in_reach"),
        (
            'INSERT INTO reviews_control (number, title, kind, description, "references",'
            " is_retired) SELECT number, 'x', 'control', '', '{}', false FROM reviews_control",
            "number",
        ),
    ],
)
def test_the_database_refuses(control: Control, statement: str, refusal: str) -> None:
    with (
        pytest.raises(IntegrityError, match=refusal),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_the_reminder_follows_the_day_whoever_sets_it(control: Control) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE reviews_control SET review_on = '2027-03-31'")
        cursor.execute("SELECT remind_at FROM reviews_control")
        assert cursor.fetchone()[0] == clocks.end_of(date(2027, 3, 16))
        cursor.execute("UPDATE reviews_control SET is_retired = true")
        cursor.execute("SELECT remind_at FROM reviews_control")
        assert cursor.fetchone()[0] is None


# --- preventive actions ---------------------------------------------------------------------------


@pytest.fixture
def many(steps: Steps, people: People, control: Control) -> list[PreventiveAction]:
    """Late ones of two owners, one ahead, one done and late, one verified."""
    known: dict[str, Any] = {
        "review_id": steps.id,
        "kind": "prevent",
        "by": people.actor("responder"),
        "at": LATER,
    }
    owner, other = people["responder"].pk, people["security"].pk
    soon, ahead = LATER.date() + timedelta(days=2), date(2190, 1, 1)
    rows = [
        actions.agree(**known, title="Late of another", owner_id=other, due_on=soon, priority=1),
        actions.agree(**known, title="Late of mine", owner_id=owner, due_on=soon),
        actions.agree(**known, title="Ahead", owner_id=other, due_on=ahead, control_id=control.pk),
        actions.agree(**known, title="Done and late", owner_id=owner, due_on=soon),
        actions.agree(**known, title="Verified", owner_id=owner, due_on=soon),
    ]
    for row in rows[3:]:
        actions.finish(action_id=row.pk, note="Done.", by=people.actor("commander"), at=LATER)
    by = people.actor("security")
    actions.verify(action_id=rows[4].pk, evidence="Seen.", by=by, at=LATER)
    return rows


def titles(text: str) -> list[str]:
    """Which of them a page names, in its order."""
    names = ("Late of another", "Late of mine", "Ahead", "Done and late", "Verified")
    table = text[text.index("result_list") :] if "result_list" in text else ""
    found = {name: table.index(f">{name}<") for name in names if f">{name}<" in table}
    return sorted(found, key=lambda name: found[name])


def test_what_is_overdue_comes_first_and_one_s_own_on_top(
    many: list[PreventiveAction], as_: Callable[[str], Client]
) -> None:
    page = as_("responder").get(ACTIONS).content.decode()

    assert titles(page) == ["Late of mine", "Done and late", "Late of another", "Ahead", "Verified"]


def test_filters_narrow_the_register(
    many: list[PreventiveAction],
    people: People,
    control: Control,
    as_: Callable[[str], Client],
) -> None:
    found = {
        "owner=me": ["Late of mine", "Done and late", "Verified"],
        f"owner={people['security'].pk}": ["Late of another", "Ahead"],
        "due=overdue": ["Late of mine", "Done and late", "Late of another"],
        "due=waiting": ["Late of mine", "Done and late", "Late of another", "Ahead"],
        "due=over": ["Verified"],
        "state__exact=done": ["Done and late"],
        "priority__exact=1": ["Late of another"],
        f"control={control.pk}": ["Ahead"],
    }
    client = as_("responder")
    assert {
        query: titles(client.get(f"{ACTIONS}?{query}").content.decode()) for query in found
    } == (found)


def test_the_register_goes_out_as_it_is_filtered_and_that_is_recorded(
    many: list[PreventiveAction], as_: Callable[[str], Client]
) -> None:
    answer: Any = as_("auditor").get(f"{ACTIONS}export/?due=overdue")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")

    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["action"] for row in rows] == ["Late of another", "Late of mine", "Done and late"]
    assert [row["state"] for row in rows] == ["agreed", "agreed", "done"]
    assert AuditEvent.objects.filter(action="exported", about="preventive actions").count() == 1
    Incident.objects.update(is_restricted=True)
    answer = as_("responder").get(f"{ACTIONS}export/")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert [w for w in ("Late", "Ahead", "Verified") if f",{w}" in text] == []


@pytest.mark.parametrize("address", [ACTIONS, LIST, "/admin/reviews/lesson/"])
def test_a_list_costs_as_many_queries_with_more_rows(
    many: list[PreventiveAction],
    review: Review,
    steps: Steps,
    people: People,
    as_: Callable[[str], Client],
    address: str,
) -> None:
    client = as_("responder")
    steps.lesson()
    client.get(address)
    with CaptureQueriesContext(connection) as few:
        client.get(address)
    for number in range(3):
        steps.action()
        steps.lesson()
        row = Control.objects.create(number=f"X-{number}", title="X", owner=people["security"])
        ControlCheck.objects.create(
            review=review, control=row, name="X", verdict="worked", added_at=LATER
        )
    with CaptureQueriesContext(connection) as more:
        client.get(address)

    assert len(more) == len(few)


def test_an_action_is_verified_moved_and_sent_back_by_clicks(
    many: list[PreventiveAction], as_: Callable[[str], Client]
) -> None:
    done = many[3]
    base = f"{ACTIONS}{done.pk}"
    assert as_("responder").get(f"{base}/do/verify/").status_code == 409  # its owner
    client = as_("security")
    assert client.post(f"{base}/do/send_back/", {"reason": "No."}).status_code == 302
    assert as_("commander").post(f"{base}/do/finish/", {"note": "Again."}).status_code == 302
    day = (clocks.now() + timedelta(days=40)).date().isoformat()
    sent = {"due_on": day, "reason": "Supplier."}
    assert as_("security").post(f"{base}/do/postpone/", sent).status_code == 302
    assert as_("security").post(f"{base}/do/verify/", {"evidence": "Replayed."}).status_code == 302

    page = as_("auditor").get(f"{base}/change/").content.decode()

    assert done.pk == PreventiveAction.objects.get(evidence="Replayed.").pk
    assert [words in page for words in ("Supplier.", "Replayed.", "Again.")] == [True] * 3


def test_what_was_done_before_anybody_had_to_look_stays_done_and_waits_for_nobody(
    many: list[PreventiveAction], people: People, as_: Callable[[str], Client]
) -> None:
    """As the migration leaves it: done, without a next reminder."""
    PreventiveAction.objects.filter(pk=many[3].pk).update(remind_at=None)

    page = as_("responder").get(ACTIONS).content.decode()

    assert titles(page) == ["Late of mine", "Late of another", "Ahead", "Done and late", "Verified"]
    by = people.actor("security")
    actions.verify(action_id=many[3].pk, evidence="Seen.", by=by, at=LATER)
    assert PreventiveAction.objects.get(pk=many[3].pk).state == "verified"
