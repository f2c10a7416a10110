"""The review's page: the tree grows by dialogs, hints stand below texts, facts are shown whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from cases import evaluation, fixes, response, timeline
from cases.evaluation import Evaluation
from cases.models import Category, Entry, Incident, SeverityChange
from incidentdesk.kernel import clocks
from reviews import facts, workflow
from reviews.models import Attendee, Cause, Review
from tests.conftest import People
from tests.reviews.conftest import LATER, Steps

pytestmark = pytest.mark.django_db


def page(review: Review) -> str:
    """The address of its page."""
    return f"/admin/reviews/review/{review.pk}/change/"


def do(review: Review, action: str) -> str:
    """The address of one of its dialogs."""
    return f"/admin/reviews/review/{review.pk}/do/{action}/"


def test_the_tree_grows_changes_and_shrinks_by_dialogs(
    review: Review, as_: Callable[[str], Client]
) -> None:
    client = as_("responder")
    empty = client.get(page(review)).content.decode()
    assert "No why asked yet." in empty
    asked = client.get(do(review, "add_cause")).content.decode()
    assert "Why did it happen? This begins a branch." in asked
    entry = review.incident.entries.order_by("sequence").first()
    assert entry is not None

    first = {"text": "Prices were stale.", "kind": "technology", "entry": entry.pk}
    assert client.post(do(review, "add_cause"), first).status_code == 302
    cause = Cause.objects.get()
    below = f"{do(review, 'add_cause')}?parent={cause.pk}"
    assert "Why? Prices were stale." in client.get(below).content.decode()
    second = {"text": "A lock.", "kind": "process", "is_root": "on", "parent": cause.pk}
    assert client.post(below, second).status_code == 302

    root = Cause.objects.get(is_root=True)
    assert (root.parent, cause.entry_id) == (cause, entry.pk)
    words = client.get(page(review)).content.decode()
    for link in (
        f'aria-label="Ask why below: {root.text}"',
        f'aria-label="Change: {cause.text}"',
        f"before=e{entry.sequence}#e{entry.sequence}",
        "Begin another branch",
    ):
        assert link in words
    edit = f"{do(review, 'edit_cause')}?part={root.pk}"
    shown = client.get(edit).content.decode()
    assert "A lock." in shown
    assert "checked" in shown
    client.post(edit, {"part": root.pk, "text": "A lock over a call.", "kind": "technology"})
    root.refresh_from_db()
    assert (root.text, root.is_root) == ("A lock over a call.", False)
    client.post(do(review, "remove_cause"), {"part": cause.pk})
    assert not Cause.objects.exists()


def test_a_tree_that_is_deep_enough_is_refused_in_the_dialog(
    review: Review, steps: Steps, as_: Callable[[str], Client]
) -> None:
    above: int | None = None
    for number in range(10):
        above = steps.why(f"Why {number}.", below=above).pk

    answer = as_("responder").post(
        do(review, "add_cause"), {"text": "More.", "kind": "process", "parent": above}
    )

    assert answer.status_code == 422
    assert "10 whys below each other are the most" in answer.content.decode()


def test_who_took_part_is_listed_and_taken_back_by_dialogs(
    review: Review, people: People, helix: Any, as_: Callable[[str], Client]
) -> None:
    client = as_("responder")
    client.post(do(review, "add_attendee"), {"user": people["security"].pk})
    client.post(do(review, "add_attendee"), {"name": "R. Ives", "partner": helix.pk})
    refused = client.post(do(review, "add_attendee"), {})

    assert refused.status_code == 422
    words = client.get(page(review)).content.decode()
    assert "R. Ives, Helix Markets" in words
    client.post(do(review, "remove_attendee"), {"part": Attendee.objects.get(name="R. Ives").pk})
    assert [str(row) for row in Attendee.objects.all()] == ["Security lead"]


def test_hints_stand_below_what_sounds_like_blame_for_who_writes_a_draft(
    review: Review, steps: Steps, people: People, as_: Callable[[str], Client]
) -> None:
    steps.why("The responder should have looked.")
    workflow.write_for_partners(
        review_id=review.pk,
        words=workflow.ForPartners(partner_cause="As the Security lead says in INC-2026-0001."),
        by=people.actor("responder"),
        at=LATER,
    )
    hints = (
        "Wording: “should have”: say what was known at that time.",
        "Wording: It names Responder: say which role",
        "Wording: It names Security lead: partners do not read that.",
        "Wording: It names INC-2026-0001: partners do not read that.",
    )
    words = as_("responder").get(page(review)).content.decode()
    assert [hint for hint in hints if hint not in words] == []
    assert "Wording" not in as_("auditor").get(page(review)).content.decode()


def test_each_state_offers_what_can_be_done_in_it_and_says_where_it_is(
    review: Review, steps: Steps, as_: Callable[[str], Client]
) -> None:
    steps.everything()

    def seen(role: str) -> set[str]:
        words = as_(role).get(page(review)).content.decode()
        names = ("Ask for approval", "Approve and close", "Send back", "Write findings")
        return {name for name in (*names, "Report to partners") if f">{name}</a>" in words}

    assert seen("responder") == {"Ask for approval", "Write findings"}
    assert seen("approver") == set()
    as_("responder").post(do(review, "ask"))
    assert seen("responder") == set()
    assert seen("approver") == {"Approve and close", "Send back"}
    words = as_("auditor").get(page(review)).content.decode()
    assert "Responder asked for approval at" in words
    as_("approver").post(do(review, "send_back"), {"reason": "Say why no alert came."})
    assert (
        "<b>Sent back.</b> Say why no alert came."
        in as_("auditor").get(page(review)).content.decode()
    )
    steps.finish()
    assert seen("communications") == {"Report to partners"}
    assert seen("approver") == set()


def test_the_facts_of_the_incident_are_shown_whole(
    review: Review, people: People, as_: Callable[[str], Client]
) -> None:
    incident = review.incident
    fix = fixes.propose(
        incident_id=incident.pk,
        kind="temporary",
        text="Restart nightly.",
        change_reference="CHG-TEMP",
        test_evidence="Staging.",
        rollback_plan="Stop the timer.",
        owner_id=people["responder"].pk,
        expires_on=(LATER + timedelta(days=9)).date(),
        by=people.actor("commander"),
        at=LATER,
    )
    known = facts.clocks_of(incident)
    times = {row.label: row for row in facts.phase_times(incident, known, at=LATER)}
    late = facts.late_clocks(known, at=clocks.now())

    assert times["Containment"].target.startswith("Contained: ")
    assert times["Mitigation"].target == ""
    assert {row.is_telling for row in late} <= {True, False}
    assert [row.body.split(":")[0] for row in facts.severities(incident)] == [
        "Opened by staff. SEV-3",
        "Nature confirmed. Infrastructure outage or service degradation. SEV-2",
    ]
    assert facts.temporary_fixes(incident) == [fix]
    (told,) = facts.partners_told(incident)
    assert [copy.kind for copy in told.copies] == ["first"]
    words = as_("auditor").get(page(review)).content.decode()
    for shown in ("CHG-TEMP", "Temporary fixes", "Late to partners", "Partners told", "Severity"):
        assert shown in words


def test_the_changes_of_severity_are_facts_and_not_read_out_of_words(
    declare: Callable[..., Incident], people: People
) -> None:
    incident = declare(title="SEV-1 says the supplier")
    by = people.actor("commander")
    known: dict[str, Any] = {"incident_id": incident.pk, "by": by, "at": LATER}
    for severity in (2, 4):
        evaluation.override_severity(severity=severity, reason="As SEV-1 was.", **known)
    response.post_update(text="SEV-1 was thought of.", **known)
    evaluation.evaluate(  # the same severity again, in other words
        found=Evaluation(Category.objects.get(key="outage").pk, 1, 1, 1, reason="SEV-1: no."),
        **known,
    )
    blanked = incident.entries.get(severity_change__value=2)
    timeline.record(
        incident,
        Entry.Kind.BLANKING,
        "Taken out.",
        corrects=blanked.sequence,
        by=by,
        at=LATER,
    )

    found = facts.severities(incident)

    changes = [str(row.severity_change) for row in found[1:]]
    assert (found[0].kind, changes) == ("opened", ["SEV-3 → SEV-2", "SEV-2 → SEV-4"])
    assert [bool(row.body) for row in found] == [True, False, True]


def test_what_timelines_said_before_became_facts_once(
    declare: Callable[..., Incident], people: People
) -> None:
    incident = declare()
    by = people.actor("commander")
    for text in ("Severity set by hand to SEV-1, from SEV-3.", "Aware corrected.", "SEV-1: so."):
        timeline.record(incident, Entry.Kind.EVALUATION, text, by=by, at=LATER)
    with connection.cursor() as cursor:
        cursor.execute(import_module("cases.migrations.0371_severity_changes_so_far").SO_FAR)

    assert [
        (row.entry.body[:15], row.former, row.value) for row in SeverityChange.objects.all()
    ] == [("Severity set by", 3, 1)]


def test_a_restricted_incident_s_review_shows_nothing_to_others(
    review: Review, steps: Steps, as_: Callable[[str], Client]
) -> None:
    steps.why()
    Incident.objects.update(is_restricted=True)

    client = as_("security")
    for address in (page(review), do(review, "add_cause"), do(review, "ask")):
        assert client.get(address).status_code == 404
        assert client.post(address).status_code == 404
