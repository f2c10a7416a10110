"""Facts packages: what a partner needs for its own reports, in time, and as it was handed over."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from cases import deciding, disclosure, packages, reviewed, warning, workflow
from cases.models import Deadline, Entry, FactsPackage, Incident
from incidentdesk.kernel.errors import InvalidInput, NotAllowed
from notifications.models import Message
from partners.models import Terms
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
LATER = NOW + timedelta(days=1)
FIGURES = packages.Figures(
    text="Fills were late.",
    services="Drop copy",
    began_at=NOW,
    clients=120,
    clients_share=Decimal("2.5"),
    downtime_minutes=42,
    is_estimate=True,
)


@pytest.fixture
def row(incident_in):
    """Helix in a confirmed incident, SEV-2 for it, which it sees."""
    return incident_in("containment").involvements.get()


@pytest.fixture
def seen(row, people):
    """The same, and it sees it."""
    by = people.actor("communications")
    if row.disclosed_at is None:
        disclosure.disclose(incident_id=row.incident_id, involvement_id=row.pk, by=by, at=NOW)
    row.refresh_from_db()
    return row


@pytest.fixture
def hand(people):
    """`hand(row, "final", at=…)`: staff hand the partner its facts."""

    def run(row, stage="initial", *, figures=FIGURES, by="communications", at=NOW):
        return packages.hand_over(
            incident_id=row.incident_id,
            involvement_id=row.pk,
            stage=stage,
            figures=figures,
            by=people.actor(by),
            at=at,
        )

    return run


def confirmation(row) -> datetime:
    """When the incident was confirmed; clocks of facts count from it."""
    found = Incident.objects.get(pk=row.incident_id).confirmed_at
    assert found is not None
    return found


def clocks(row) -> dict[str, tuple]:
    """Stage → how long after confirmation, and whether it is met."""
    confirmed = confirmation(row)
    found = Deadline.objects.filter(involvement=row, kind__startswith="facts_", is_dropped=False)
    return {
        one.kind: (one.due_at - confirmed, one.met_at is not None) for one in found.order_by("id")
    }


def test_the_contract_s_hours_count_from_confirmation_and_handing_over_meets_them(seen, hand):
    hours = {"facts_initial": 3 * HOUR, "facts_interim": 48 * HOUR}
    spans = {**hours, "facts_final": timedelta(days=20)}
    assert clocks(seen) == {kind: (span, False) for kind, span in spans.items()}
    hand(seen, "interim")
    assert clocks(seen) == {kind: (span, kind != "facts_final") for kind, span in spans.items()}


def test_a_partner_s_own_terms_set_its_clocks(incident_in, helix):
    Terms.objects.filter(partner=helix).update(facts_initial_hours=1, facts_final_days=5)
    row = incident_in("containment").involvements.get()
    assert clocks(row)["facts_initial"] == (HOUR, False)
    assert clocks(row)["facts_final"] == (timedelta(days=5), False)


def test_a_notice_meets_no_clock_of_facts(incident_in, walk):
    incident = incident_in("recovery")
    row = incident.involvements.get()
    assert row.copies.filter(sent_at__isnull=False).exists()
    assert [met for _, met in clocks(row).values()] == [False, False, False]


def test_what_is_mild_for_the_partner_has_no_clock_but_may_have_its_facts(row, people, hand):
    disclosure.edit_involvement(
        incident_id=row.incident_id,
        involvement_id=row.pk,
        title="Delayed",
        meaning="Little.",
        severity=3,
        by=people.actor("communications"),
        at=NOW,
    )
    assert clocks(row) == {}


def test_who_is_not_told_has_no_clock(row, people):
    deciding.decide(
        incident_id=row.incident_id,
        involvement_ids=[row.pk],
        choice="not",
        reason="Nothing reached it.",
        by=people.actor("commander"),
        at=NOW,
    )
    assert clocks(row) == {}


def test_the_crew_is_warned_at_half_of_the_time(row, people):
    Deadline.objects.exclude(kind="facts_initial").update(warn_at=None)
    confirmed = confirmation(row)
    assert warning.warn(at=confirmed + timedelta(minutes=89)) == 0
    assert warning.warn(at=confirmed + timedelta(minutes=91)) == 2
    assert {m.subject for m in Message.objects.filter(kind="deadline")} != set()
    assert all(
        "First facts package" in m.body_text for m in Message.objects.filter(kind="deadline")
    )


def test_the_packages_are_owed_after_the_incident_was_closed(incident_in, people):
    incident, by = incident_in("review"), people.actor("approver")
    reviewed.note_review(incident_id=incident.pk, missing=[], approved=True, by=by, at=LATER)
    workflow.close(incident_id=incident.pk, by=by, at=LATER)
    row = incident.involvements.get()
    assert [met for _, met in clocks(row).values()] == [False, False, False]
    due = Deadline.objects.get(involvement=row, kind="facts_final").due_at
    assert warning.warn(at=due) == 2  # the commander and communications, a mail each
    told = Message.objects.filter(kind="deadline", to_user=people["commander"]).latest("pk")
    stages = ("First facts package", "Interim facts package", "Final facts package")
    assert [stage in told.body_text for stage in stages] == [True] * 3


def test_what_was_no_incident_owes_no_package(row, people):
    by = people.actor("commander")
    workflow.dismiss(incident_id=row.incident_id, reason="A test order.", by=by, at=NOW)
    assert clocks(row) == {}


def test_the_partner_has_a_mail_with_a_link_and_the_timeline_the_figures(seen, hand):
    made = hand(seen)
    mail = Message.objects.get(kind="facts")
    assert mail.to_address == "contact@helix.test"
    assert f"/portal/facts/{made.reference}/" in mail.body_text
    assert "Fills were late" not in mail.body_text + mail.body_html
    entry = Entry.objects.filter(incident=seen.incident_id).latest("sequence")
    assert entry.body == (
        f"Helix Markets was handed its first facts package, {made.reference}. "
        "Clients 120 (2.5 %), transactions not known, 42 minutes down. Estimated."
    )


def test_what_cannot_be_is_refused_in_words_and_hands_nothing_over(seen, hand):
    refused = [
        ("initial", packages.Figures(text=" "), "Say what happened", ""),
        (
            "initial",
            packages.Figures(text="x", began_at=NOW, ended_at=NOW - HOUR),
            "ended before it began",
            "ended_at",
        ),
        (
            "initial",
            packages.Figures(text="x", began_at=NOW, ended_at=NOW + HOUR),
            "lies in the future",
            "ended_at",
        ),
        (
            "initial",
            packages.Figures(text="x", began_at=NOW.replace(year=1)),
            "check the year",
            "began_at",
        ),
        (
            "initial",
            packages.Figures(text="x", transactions_share=Decimal(101)),
            "0 and 100 per cent",
            "transactions_share",
        ),
        (
            "initial",
            packages.Figures(text="x", clients_share=Decimal("0.004")),
            "kept with 2 places after the point",
            "clients_share",
        ),
        ("last", FIGURES, "the first, an interim or the final one", ""),
    ]
    for stage, figures, words, field in refused:
        with pytest.raises(InvalidInput, match=words) as refusal:
            hand(seen, stage, figures=figures)
        assert refusal.value.field == field
    with pytest.raises(NotAllowed):
        hand(seen, by="responder")
    assert (FactsPackage.objects.count(), Message.objects.filter(kind="facts").count()) == (0, 0)


def test_who_does_not_see_the_incident_is_handed_nothing(incident_in, people, norrbank, hand):
    incident = incident_in("containment")
    hidden = disclosure.add_partner(
        incident_id=incident.pk,
        partner_id=norrbank.pk,
        title="Late",
        meaning="Late.",
        severity=2,
        by=people.actor("communications"),
        at=NOW,
    )
    with pytest.raises(InvalidInput, match="does not see this incident yet"):
        hand(hidden)


def test_for_named_people_there_is_no_package(seen, hand):
    Incident.objects.filter(pk=seen.incident_id).update(tlp="RED")
    with pytest.raises(InvalidInput, match="TLP:RED is for named people"):
        hand(seen)


def test_what_was_handed_over_stays(seen, hand):
    hand(seen)
    for change in (
        lambda: FactsPackage.objects.update(clients=1),
        lambda: FactsPackage.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert FactsPackage.objects.get().clients == 120
