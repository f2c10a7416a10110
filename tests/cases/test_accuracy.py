"""Accuracy: what differs from the record is flagged, and what nobody approved is loud."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from cases import accuracy, audience, disclosure, framework, notices, response, visibility
from cases.accuracy import Record
from cases.intake import reports
from cases.models import Incident, Notice, NoticeCopy, System
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed
from notifications.models import Message
from partners.models import Partner
from tests.conftest import NOW

MINUTE = timedelta(minutes=1)
RECORD = Record(
    times={"09:38"},
    figures={"41000", "12"},
    systems={"quote-gw-eu-2"},
    other_systems={"quote-gw-eu-1", "quote-gw-eu-2", "ledger"},
)

PARTNERS = {
    "Helix Markets": "HELIX",
    "Norrbank Securities": "NORR",
    "Tidewater FX Ltd": "TIDE",
    "Helix Clearing": "HCLEAR",
    "Global Bank": "GLOB",
    "Northern Brokers": "NORTH",
}


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        ("Since 09:38 UTC, 41,000 quotes (12 %) on quote-gw-eu-2 were late.", []),
        ("Since 9:38.", []),
        ("Since 09:39.", ["09:39 is none of the recorded times"]),
        ("13 of 41000 quotes.", ["13 is not a figure on record"]),
        ("41.5 % of quotes.", ["41.5 is not a figure on record"]),
        ("Use EU-1, v2 and node2.", []),
        ("On 4 Mar 2026, and on 2026-03-04.", []),
        ("The Ledger is right.", ["ledger is not listed as affected"]),
        ("The pre-ledger and ledgers.", []),
        ("Like Norrbank Securities.", []),
        ("Dear Helix Markets.", []),
        ("Dear HELIX, see HELIX-2026-0001.", []),
        ("Like NORR.", []),
        ("Like Norr's.", []),
        ("See NORR-REP-2026-0001.", []),
        ("Like Norrbank.", []),
        ("Like tidewater fx.", []),
        ("Like Tidewater.", []),
        ("Like helix clearing.", []),
        ("With the tide, a global outage. Global limits. NORRIS, Norrbankers.", []),
        ("See norrbank-gw-1.", []),
        ("At north.example, NORTH-EU.", []),
        ("See /admin/cases/incident/61/change/ and /admin/v2.", []),
        ("See /admin/cases/incident/?id=61.", []),
        ("See INC_2026_0061.", []),
        ("Northern Europe and the North are late.", []),
        ("Like Northern brokers.", []),
        ("It began. Please: \n\nWe write again.", ["nothing stands behind “Please:”"]),
        ("What was accessed:", ["nothing stands behind “What was accessed:”"]),
        ("Please:\n\n- call us\n- wait", []),
        ("Please: call us.\r\n\r\nThe cause: a cable.", []),
        ("Like NORTH.", []),
        ("It is SEV-3, sev 3 or Severity 3.", []),
        ("It is SEV-1.", ["it says SEV-1, and for Helix Markets it is SEV-3"]),
        ("Severity 2, SEV2.", ["it says SEV-2, and for Helix Markets it is SEV-3"]),
        ("See INC-2026-0007.", []),
        (
            "At 10:00, 10:00 and 7, 7.",
            ["10:00 is none of the recorded times", "7 is not a figure on record"],
        ),
    ],
)
def test_figures_times_systems_and_names_that_differ_are_flagged_once(text, flags):
    assert accuracy.check(text, RECORD, partner="Helix Markets", severity=3) == flags


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Like Norrbank Securities.", ["Norrbank Securities"]),
        ("Like NORR.", ["Norrbank Securities"]),
        ("Like Norr's.", ["Norrbank Securities"]),
        ("See NORR-REP-2026-0001.", ["Norrbank Securities"]),
        ("Like Norrbank.", ["Norrbank Securities"]),
        ("Like tidewater fx.", ["Tidewater FX Ltd"]),
        ("Like Tidewater.", ["Tidewater FX Ltd"]),
        ("Like helix clearing.", ["Helix Clearing"]),
        ("See norrbank-gw-1.", ["Norrbank Securities"]),
        ("At north.example, NORTH-EU.", ["Northern Brokers"]),
        ("See /admin/cases/incident/61/change/ and /admin/v2.", ["/admin/cases/incident/61"]),
        ("See /admin/cases/incident/?id=61.", ["/admin/cases/incident/?id=61"]),
        ("See INC_2026_0061.", ["INC_2026_0061"]),
        ("Like Northern brokers.", ["Northern Brokers"]),
        ("Like NORTH.", ["Northern Brokers"]),
        ("See INC-2026-0007.", ["INC-2026-0007"]),
        ("Dear Helix Markets.", []),
        ("Dear HELIX, see HELIX-2026-0001.", []),
        ("With the tide, a global outage. Global limits. NORRIS, Norrbankers.", []),
        ("Northern Europe and the North are late.", []),
    ],
)
def test_names_of_others_and_the_desk_s_references_are_for_nobody_else(text, found):
    assert accuracy.not_for("Helix Markets", text, PARTNERS) == found
    assert accuracy.check(text, RECORD, partner="Helix Markets", severity=3) == []


@pytest.fixture
def incident(incident_in, people) -> Incident:
    """In Containment, commanded, with Helix involved and nothing sent."""
    return incident_in("containment")


@pytest.fixture
def draft(people):
    """`draft(incident, "Text")`: to every partner."""

    def call(incident, body, **said) -> Notice:
        rows = list(incident.involvements.all())
        return notices.draft(
            incident_id=incident.pk,
            kind="update" if audience.begun(rows) else "first",
            body=body,
            involvement_ids=[row.pk for row in rows],
            by=people.actor("communications"),
            at=NOW,
            **said,
        )

    return call


@pytest.mark.django_db
def test_the_record_is_what_was_written_down_and_not_what_was_told(incident, draft, people):
    System.objects.create(name="ledger")
    response.post_update(
        incident_id=incident.pk,
        text="Backlog of 41,000 quotes at 09:44.",
        by=people.actor("responder"),
        at=NOW,
    )
    body = "At 09:38 and 09:44, 41000 quotes and 17 orders on quote-gw-eu-2 and ledger."
    notice = draft(incident, body)
    flags = ["17 is not a figure on record", "ledger is not listed as affected"]
    assert accuracy.of(notice) == flags
    with pytest.raises(InvalidInput) as refused:
        notices.approve(notice_id=notice.pk, by=people.actor("approver"), at=NOW)
    assert str(refused.value) == (
        f"The text differs from the record: {flags[0]}; {flags[1]}. Look at each, and say that "
        "the text is right."
    )
    assert Notice.objects.get(pk=notice.pk).state == "draft"
    notices.approve(notice_id=notice.pk, is_checked=True, by=people.actor("approver"), at=NOW)
    assert incident.entries.filter(kind="notice").latest("sequence").body == (
        "Notice approved (first notice). Looked at, since it differs from the record: "
        f"{flags[0]}; {flags[1]}."
    )
    notices.send(notice_id=notice.pk, by=people.actor("communications"), at=NOW)
    assert accuracy.of(draft(incident, body)) == flags


@pytest.mark.django_db
def test_when_a_system_was_isolated_and_restored_is_on_record(incident, draft, people):
    by, affected = people.actor("responder"), incident.systems.get()
    for minutes, state in enumerate(("isolated", "restored"), start=20):
        response.change_system(
            incident_id=incident.pk,
            affected_id=affected.pk,
            state=state,
            how="As the playbook says.",
            by=by,
            at=NOW + minutes * MINUTE,
        )
    notice = draft(incident, "Isolated at 10:01, back at 10:02, looked at till 10:03.")
    assert accuracy.of(notice) == ["10:03 is none of the recorded times"]


@pytest.mark.django_db
def test_another_partner_s_name_is_not_ticked_away(incident, draft, people, norrbank):
    notice = draft(incident, "As at Norrbank Securities.")
    assert accuracy.of(notice) == []
    shows = "This would show Norrbank Securities to Helix Markets; take it out."
    assert accuracy.foreign(notice) == [shows]
    with pytest.raises(InvalidInput, match=r"^This would show .* to Helix Markets; take it out\.$"):
        notices.approve(notice_id=notice.pk, is_checked=True, by=people.actor("approver"), at=NOW)
    notice.refresh_from_db()
    assert notice.state == "draft"
    fits = draft(incident, "As we told Helix Markets.")
    notices.approve(notice_id=fits.pk, by=people.actor("approver"), at=NOW)


@pytest.mark.django_db
def test_a_promise_that_the_text_repeats_is_on_record(incident, draft):
    promised = NOW + 64 * MINUTE
    assert accuracy.of(draft(incident, "By 10:45.", next_update_at=promised)) == []
    assert accuracy.of(draft(incident, "By 10:45.")) == ["10:45 is none of the recorded times"]


@pytest.mark.django_db
def test_of_several_texts_each_flag_says_who_reads_it(incident, draft, people, norrbank):
    row = disclosure.add_partner(
        incident_id=incident.pk,
        partner_id=norrbank.pk,
        title="x",
        meaning="x",
        severity=3,
        by=people.actor("commander"),
        at=NOW,
    )
    notice = draft(incident, "Late.", texts=[notices.OwnText(row.pk, "17 like Helix Markets.")])
    assert accuracy.of(notice) == ["Norrbank Securities: 17 is not a figure on record"]
    assert accuracy.foreign(notice) == [
        "This would show Helix Markets to Norrbank Securities; take it out."
    ]


# --- without an approval --------------------------------------------------------------------------


@pytest.fixture
def alone(people):
    def call(notice, reason="Orders are lost by the minute.", by="commander") -> Notice:
        return notices.send_in_emergency(
            notice_id=notice.pk, reason=reason, by=people.actor(by), at=NOW + MINUTE
        )

    return call


@pytest.mark.django_db
def test_what_is_sent_alone_names_no_other_partner_either(incident, draft, alone, norrbank):
    notice = draft(incident, "As at Norrbank Securities.")
    with pytest.raises(InvalidInput, match=r"^This would show .* to Helix Markets; take it out\.$"):
        alone(notice)
    notice.refresh_from_db()
    assert (notice.state, notice.emergency_reason) == ("draft", "")


def test_the_commander_sends_alone_with_a_reason_and_it_is_loud(
    incident, draft, alone, people, helix
):
    alone(draft(incident, "Stop trading."))
    notice = Notice.objects.get()
    assert (notice.state, notice.approved_by, notice.sent_by, notice.emergency_reason) == (
        "sent",
        None,
        people["commander"],
        "Orders are lost by the minute.",
    )
    assert incident.entries.latest("sequence").body == (
        "Notice sent WITHOUT a second person's approval (first notice) to Helix Markets: "
        "Stop trading. Reason: Orders are lost by the minute."
    )
    pages = Message.objects.filter(is_page=True, body_text__contains="WITHOUT approval")
    assert [page.to_address for page in pages] == ["approver@desk.test"]
    (seen,) = visibility.notices_for(people.contact("helix", helix))
    assert (seen.body, seen.is_emergency) == ("Stop trading.", True)
    assert Message.objects.filter(kind="notice").count() == 1


@pytest.mark.django_db
def test_nobody_else_does_and_not_without_a_reason_or_twice(incident, draft, alone, people):
    notice = draft(incident, "Stop trading.")
    with pytest.raises(NotAllowed):
        alone(notice, by="communications")
    with pytest.raises(InvalidInput) as refused:
        alone(notice, reason=" ")
    assert str(refused.value) == (
        "Sending without an approval needs a reason; the review asks for it."
    )
    Incident.objects.update(commander=people["responder"])
    with pytest.raises(InvalidInput) as refused:
        alone(notice)
    assert str(refused.value) == (
        f"Only the commander of {incident.reference} sends without an approval; have it "
        "approved, or take command."
    )
    Incident.objects.update(commander=people["commander"])
    alone(notice)
    with pytest.raises(Conflict, match=r"^This notice is sent already\.$"):
        alone(notice)
    approved = draft(incident, "Stop.")
    notices.approve(notice_id=approved.pk, by=people.actor("approver"), at=NOW)
    with pytest.raises(Conflict, match="send it the ordinary way"):
        alone(approved)


@pytest.mark.django_db
def test_the_database_lets_nothing_be_sent_without_an_approval_or_a_reason(incident, draft, alone):
    notice = draft(incident, "Stop trading.")
    for forged in (
        {"state": "sent"},
        {"state": "approved", "emergency_reason": "x"},
        {"emergency_reason": "x"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Notice.objects.update(**forged)
    alone(notice)
    for change in ({"body": "All is well."}, {"approved_by": notice.sent_by, "approved_at": NOW}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Notice.objects.update(**change)
    with pytest.raises(DatabaseError, match="keeps its text"), transaction.atomic():
        NoticeCopy.objects.update(body="All is well.")


# --- what leaves without a second person ----------------------------------------------------------


@pytest.mark.parametrize(
    "word",
    [
        *("Norrbank Securities", "norrbank securities", "Norrbank", "NORR", "INC-2026-0055"),
        *("norrbank\nsecurities", "Norrbank\u00a0Securities", "Norrbank \t Securities"),
        *("ex-Norrbank", "_Norrbank_", "the Norrbanks", "Helix-Norrbank", "Nor\u00adrbank"),
        *("Ｎｏｒｒｂａｎｋ", "Norr\u200bbank", "inc-2026-0055", "INC\u20112026\u20110055"),
        *("https://norrbank.example/status", "norrbank.example", "a norr", "www.norr.example"),
        *("norrbank's gateway", "norrbank-gw-1", "NORRBANK_GW", "NorrBank", "norrbank_securities"),
        *("_INC-2026-0061_", "INC_2026_0061", "INC 2026-0061", "INC2026-0061", "inc20260061"),
        *("https://desk.example/admin/cases/incident/61/change/", "/admin/cases/notice/7/"),
        *("norr-2026-0019", "norr-req-2026-0001", "ops@norrbank.example", "trade.norrbank.example"),
    ],
)
def test_words_to_a_partner_that_name_another_or_our_own_reference_are_refused(
    word, helix, norrbank
):
    with pytest.raises(InvalidInput, match=r"^This would show .* to Helix Markets; take it out\.$"):
        accuracy.require_own(helix, "What do you see?", f"We heard it from {word}.")
    plain = (
        "What does Helix Markets see? HELIX-2026-0001, helix-2026-0001, INC-A, ops@helix.example"
    )
    accuracy.require_own(helix, plain, "norris, Norrbankers, zinc 2026-0061, /admin/ of 2026")


@pytest.mark.django_db
def test_an_everyday_word_names_nobody_alone_and_a_code_that_is_a_word_only_as_names_are_written(
    helix,
):
    Partner.objects.create(name="Northern Brokers", code="NORTH")
    Partner.objects.create(name="Tidewater FX Ltd", code="TIDE")
    Partner.objects.create(name="Allston and Sons", code="ALL")
    accuracy.require_own(helix, "Northern Europe, north.then, all with the tide: global.example.")
    for word in (
        "northern-brokers.example",
        "https://north.example/",
        "TIDE",
        "ALL",
        "tide-2026-1",
    ):
        with pytest.raises(InvalidInput, match=r"^This would show "):
            accuracy.require_own(helix, f"See {word}.")


def test_words_of_the_desk_that_a_partner_reads_at_once_name_no_other(
    incident, people, helix, norrbank
):
    refused = pytest.raises(InvalidInput, match=r"^This would show .* to .*; take it out\.$")
    by, words = people.actor("commander"), {"title": "As at Norrbank", "meaning": "Late."}
    with refused:
        disclosure.add_partner(
            incident_id=incident.pk,
            partner_id=norrbank.pk,
            title="Late fills",
            meaning="As at Helix Markets.",
            severity=3,
            by=by,
            at=NOW,
        )
    listed = incident.involvements.get(partner=helix)
    with refused:
        disclosure.edit_involvement(
            incident_id=incident.pk, involvement_id=listed.pk, severity=3, by=by, at=NOW, **words
        )
    made = reports.report(
        title="Late",
        description="Fills come late.",
        noticed_at=NOW,
        by=people.contact("helix", helix),
        at=NOW,
    )
    with refused:
        reports.decline(report_id=made.pk, answer="Norrbank told us already.", by=by, at=NOW)
    with refused:
        reports.accept(
            report_id=made.pk,
            impact=2,
            scope=2,
            urgency=2,
            meaning="Like Norrbank.",
            by=by,
            at=NOW,
        )
    with refused:
        framework.publish(
            text="Norrbank first.",
            changed="All.",
            seen_number=1,
            by=people.actor("administrator"),
            at=NOW,
        )
