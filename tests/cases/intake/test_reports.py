"""Reports: a partner tells, staff triage: it becomes an incident, joins one, or is answered."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cases import disclosure, visibility, workflow
from cases.intake import reports
from cases.models import Category, Entry, Incident, Involvement, Report
from incidentdesk.kernel import access, grants
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from notifications.models import Message
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def report(people, helix):
    """`report(title=…)`: told by Helix's contact."""

    def call(*, at=NOW, by=None, **said) -> Report:
        words = {
            "title": "Fills missing",
            "description": "Six fills of the open auction.",
            "noticed_at": NOW - timedelta(minutes=5),
            **said,
        }
        return reports.report(**words, by=by or people.contact("helix", helix), at=at)

    return call


@pytest.fixture
def triage(people):
    """`triage("decline", report, answer="…")` as communications."""

    def call(use_case: str, made: Report, **said):
        by = people.actor("communications")
        return getattr(reports, use_case)(report_id=made.pk, by=by, at=LATER, **said)

    return call


AXES = {"impact": 3, "scope": 2, "urgency": 2, "shown_severity": 3}


def fresh(made: Report) -> Report:
    return Report.objects.get(pk=made.pk)


def seen(people, key, partner) -> list[tuple[str, str]]:
    found = visibility.involvements_for(people.contact(key, partner))
    return [(row.reference, row.title) for row in found]


# --- telling --------------------------------------------------------------------------------------


def test_a_report_gets_its_reference_at_once_and_waits(report, people, helix, norrbank):
    made = report(title="  Fills missing ", description=" Six fills. ")
    row = fresh(made)
    assert (row.reference, row.title, row.description) == (
        "HELIX-REP-2026-0001",
        "Fills missing",
        "Six fills.",
    )
    assert (row.state, row.partner, row.reported_by, row.reporter) == (
        "new",
        helix,
        people["helix"],
        "Helix Markets contact",
    )
    assert (row.reported_at, row.incident, row.triaged_at) == (NOW, None, None)
    assert Incident.objects.count() == 0
    mine = visibility.reports_for(people.contact("helix", helix))
    assert [r.reference for r in mine] == ["HELIX-REP-2026-0001"]
    assert not visibility.reports_for(people.contact("norrbank", norrbank)).exists()


@pytest.mark.mistake(16)
def test_the_reporter_alone_gets_a_confirmation(report, people):
    made = report()
    mail = Message.objects.get()
    assert (mail.to_address, mail.kind, mail.about) == (
        "contact@helix.test",
        "report_received",
        f"report:{made.pk}",
    )
    assert "HELIX-REP-2026-0001" in mail.subject + mail.body_text


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"title": " "}, "Say in a few words what is wrong, and describe what you see."),
        ({"description": "\n"}, "Say in a few words what is wrong, and describe what you see."),
        (
            {"noticed_at": NOW + timedelta(seconds=1)},
            "You cannot have noticed it in the future; check the time and its zone.",
        ),
        (
            {"happened_at": NOW},
            "It cannot have happened after you noticed it; check the two times.",
        ),
    ],
)
def test_a_report_that_says_nothing_or_cannot_be_is_refused(report, said, sentence):
    with pytest.raises(InvalidInput) as refused:
        report(**said)
    assert str(refused.value) == sentence
    assert Report.objects.count() == Message.objects.count() == 0
    assert report().reference == "HELIX-REP-2026-0001"  # the refusal took no number


def test_a_second_click_is_refused_and_another_person_s_same_words_are_not(
    report, people, helix, norrbank
):
    report()
    with pytest.raises(Conflict) as refused:
        report(at=NOW + timedelta(minutes=4))
    assert str(refused.value) == ("You reported this a moment ago; it is HELIX-REP-2026-0001.")
    report(by=people.contact("norrbank", norrbank))
    report(at=NOW + timedelta(minutes=4), description="Seven fills by now.")
    report(at=NOW + timedelta(minutes=6))
    assert sorted(Report.objects.values_list("reference", flat=True)) == [
        "HELIX-REP-2026-0001",
        "HELIX-REP-2026-0002",
        "HELIX-REP-2026-0003",
        "NORR-REP-2026-0001",
    ]


def test_only_who_acts_for_a_partner_reports(report, people, helix, norrbank):
    grants.revoke(people["helix"], "act", helix)
    grants.grant(people["helix"], "audit", helix)
    for by in (
        people.contact("helix", helix),
        people.contact("helix", norrbank),
        people.actor("administrator"),
    ):
        with pytest.raises(NotAllowed):
            report(by=by)
    assert Report.objects.count() == 0


# --- triage ---------------------------------------------------------------------------------------


def test_an_accepted_report_opens_an_incident_that_its_partner_sees_as_its_own(
    report, triage, people, helix, norrbank
):
    outage = Category.objects.get(key="outage")
    happened = NOW - timedelta(minutes=20)
    made = report(happened_at=happened, category_id=outage.pk)
    incident = triage("accept", made, meaning=" Check your fills. ", **AXES)
    incident.refresh_from_db()
    assert (incident.title, incident.description) == (
        "Fills missing",
        "Six fills of the open auction.",
    )
    assert (incident.category, incident.detection, incident.severity) == (outage, "partner", 2)
    assert incident.detected_by == "Helix Markets · HELIX-REP-2026-0001"
    assert (incident.detected_at, incident.occurred_at, incident.opened_at) == (
        NOW,
        happened,
        LATER,
    )
    row = fresh(made)
    assert (row.state, row.incident, row.triaged_at) == ("accepted", incident, LATER)
    assert row.triaged_by == people["communications"]
    assert seen(people, "helix", helix) == [("HELIX-2026-0001", "Fills missing")]
    assert seen(people, "norrbank", norrbank) == []
    shown = Involvement.objects.get()
    assert (shown.severity, shown.meaning) == (3, "Check your fills.")
    assert shown.started_at == happened
    entries = Entry.objects.filter(incident=incident, kind="partner").order_by("sequence")
    assert [entry.body for entry in entries] == [
        "Helix Markets reported (HELIX-REP-2026-0001): Fills missing",
        "Helix Markets is affected (SEV-3 for it): Check your fills.",
        "Disclosed to Helix Markets as HELIX-2026-0001.",
    ]


def test_what_a_report_says_is_not_taken_for_what_the_partner_reads(
    report, triage, declare, people, helix
):
    accepted = triage("accept", report(description="Our client X lost money."), **AXES)
    known = declare(title="Stale prices")
    known.refresh_from_db()
    told = report(title="Y", description="Client Z too.")
    words = {"reference": known.reference, "shown_title": " Late prices ", "shown_severity": 4}
    triage("attach", told, **words)
    shown = Involvement.objects.order_by("id").values_list("incident", "title", "meaning")
    assert list(shown) == [(accepted.pk, "Fills missing", ""), (known.pk, "Late prices", "")]
    entries = Entry.objects.filter(kind="partner", body__contains="is affected")
    assert list(entries.order_by("id").values_list("body", flat=True)) == [
        "Helix Markets is affected (SEV-3 for it): what it means for it is not known yet.",
        "Helix Markets is affected (SEV-4 for it): what it means for it is not known yet.",
    ]


def test_what_nobody_knows_yet_stays_open(report, triage):
    incident = triage("accept", report(), **dict.fromkeys(AXES, None) | {"shown_severity": 4})
    assert (incident.severity, incident.is_evaluated) == (1, False)


def test_a_report_joins_an_open_incident_and_its_partner_sees_that_one(
    report, triage, declare, people, helix
):
    declare(title="Something else")
    known = declare(title="Stale prices")
    reference = Incident.objects.get(pk=known.pk).reference
    made = report()
    assert triage("attach", made, reference=f" {reference.lower()} ", shown_severity=4) == known
    assert (fresh(made).state, fresh(made).incident) == ("attached", known)
    assert seen(people, "helix", helix) == [("HELIX-2026-0001", "Fills missing")]
    assert Incident.objects.count() == 2


def test_a_partner_that_is_listed_keeps_its_words_and_is_shown_now(
    report, triage, incident_in, people, helix
):
    incident = incident_in("containment")
    listed = incident.involvements.get()
    assert listed.disclosed_at is None
    triage("attach", report(), reference=incident.reference, shown_title="X", meaning="Y")
    listed.refresh_from_db()
    assert (listed.title, listed.disclosed_at) == ("Delayed quotes", LATER)
    assert listed.meaning != "Y"
    triage("attach", report(title="More fills missing"), reference=incident.reference)
    assert incident.involvements.get().reference == listed.reference == "HELIX-2026-0001"
    with pytest.raises(Conflict, match="sees it already"):
        disclosure.disclose(
            incident_id=incident.pk,
            involvement_id=listed.pk,
            by=people.actor("communications"),
            at=LATER,
        )


def test_nothing_of_the_incident_s_own_reaches_who_reports_it(
    report, triage, declare, people, helix, norrbank
):
    began, happened = NOW - timedelta(hours=3), NOW - timedelta(minutes=9)
    known = declare(occurred_at=began)
    reference = Incident.objects.get(pk=known.pk).reference
    told = report(happened_at=happened)
    with pytest.raises(InvalidInput) as refused:
        triage("attach", told, reference=reference)
    assert (str(refused.value), refused.value.field) == (
        "Say how severe it is for Helix Markets; it reads that, and not how severe the incident "
        "is.",
        "shown_severity",
    )
    assert (fresh(told).state, known.involvements.count()) == ("new", 0)
    triage("attach", told, reference=reference, shown_severity=4)
    by = people.contact("norrbank", norrbank)
    triage("attach", report(by=by), reference=reference, shown_severity=2)
    rows = known.involvements.order_by("id").values_list("severity", "started_at")
    assert list(rows) == [(4, happened), (2, None)]


def test_a_partner_that_a_machine_listed_gets_its_words_with_its_report(
    report, triage, declare, helix
):
    known = declare()
    disclosure.list_named(known, helix, why="a label names it", by=access.SYSTEM, at=NOW)
    reference = Incident.objects.get(pk=known.pk).reference
    triage("attach", report(), reference=reference, meaning="Check.", shown_severity=4)
    row = known.involvements.get()
    assert (row.title, row.meaning, row.severity, row.disclosed_at) == (
        "Fills missing",
        "Check.",
        4,
        LATER,
    )


@pytest.mark.mistake(8)
def test_a_report_joins_no_incident_that_is_over_or_not_there(report, triage, declare, people):
    over = declare()
    workflow.dismiss(incident_id=over.pk, reason="A test.", by=people.actor("commander"), at=NOW)
    made = report()
    for reference in (Incident.objects.get(pk=over.pk).reference, "INC-2026-0404", ""):
        with pytest.raises(InvalidInput) as refused:
            triage("attach", made, reference=reference)
        assert str(refused.value) == (
            f"There is no open incident {reference}; check the reference."
        )
    assert fresh(made).state == "new"


def test_a_declined_report_has_an_answer_that_the_partner_reads(report, triage, people, helix):
    made = report()
    with pytest.raises(InvalidInput, match=r"^Declining needs an answer; the partner reads it\.$"):
        triage("decline", made, answer=" ")
    assert fresh(made).state == "new"
    triage("decline", made, answer=" The fills are in the second file. ")
    row = visibility.reports_for(people.contact("helix", helix)).get()
    assert (row.state, row.answer) == ("declined", "The fills are in the second file.")
    assert Incident.objects.count() == 0


@pytest.mark.parametrize(
    ("first", "state"),
    [
        (("accept", AXES), "became an incident"),
        (("decline", {"answer": "No."}), "answered"),
    ],
)
@pytest.mark.parametrize("again", ["accept", "attach", "decline"])
def test_a_report_is_triaged_once(report, triage, declare, first, state, again):
    made, other = report(), declare()
    triage(first[0], made, **first[1])
    count = Incident.objects.count()
    said = {
        "accept": AXES,
        "attach": {"reference": Incident.objects.get(pk=other.pk).reference, "shown_severity": 3},
        "decline": {"answer": "Again."},
    }
    with pytest.raises(Conflict) as refused:
        triage(again, made, **said[again])
    assert str(refused.value) == f"HELIX-REP-2026-0001 was triaged already: {state}."
    assert Incident.objects.count() == count


@pytest.mark.parametrize("use_case", ["accept", "attach", "decline"])
def test_a_report_that_is_not_there_is_said_to_be_none(triage, use_case):
    said = {"accept": AXES, "attach": {"reference": "x"}, "decline": {"answer": "x"}}
    with pytest.raises(NotFound, match=r"^There is no such report\.$"):
        triage(use_case, Report(pk=404), **said[use_case])
