"""An approval is of what is sent: what changed since is refused, and an edit asks again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from cases import accuracy, correcting, disclosure, notices, response, visibility
from cases.models import Incident, Notice, NoticeCopy
from incidentdesk.kernel.errors import Conflict, InvalidInput
from notifications.models import Message
from partners.models import Contact
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
TEXT = "For you it is {severity}, phase {phase}."
AGAIN = "Edit it; the new draft is approved as it is now."


@pytest.fixture
def incident(declare, people, helix, norrbank) -> Incident:
    """It involves both partners; neither was told."""
    made = declare()
    Incident.objects.update(commander=people["commander"])
    for partner in (helix, norrbank):
        disclosure.add_partner(
            incident_id=made.pk,
            partner_id=partner.pk,
            title="Delayed quotes",
            meaning="Use EU-1.",
            severity=2,
            by=people.actor("communications"),
            at=NOW,
        )
    return made


@pytest.fixture
def change(incident, people):
    """`change(helix, severity=4)`: what the incident means for a partner."""

    def call(partner, **said) -> None:
        row = incident.involvements.get(partner=partner)
        now = {"title": row.title, "meaning": row.meaning, "severity": row.severity}
        disclosure.edit_involvement(
            incident_id=incident.pk,
            involvement_id=row.pk,
            **(now | said),
            by=people.actor("communications"),
            at=NOW,
        )

    return call


@pytest.fixture
def draft(incident, people, helix):
    def call(body: str = TEXT, **said) -> Notice:
        return notices.draft(
            incident_id=incident.pk,
            kind="first",
            body=body,
            involvement_ids=[incident.involvements.get(partner=helix).pk],
            by=people.actor("communications"),
            at=NOW,
            **said,
        )

    return call


@pytest.fixture
def approve(people):
    def call(notice: Notice, **said) -> Notice:
        by = people.actor("approver")
        return notices.approve(notice_id=notice.pk, by=by, at=NOW, **said)

    return call


@pytest.fixture
def send(people):
    def call(notice: Notice, at=NOW) -> Notice:
        return notices.send(notice_id=notice.pk, by=people.actor("communications"), at=at)

    return call


def untold() -> bool:
    return (
        not Message.objects.filter(kind="notice").exists()
        and not NoticeCopy.objects.filter(sent_at__isnull=False).exists()
    )


def refusal(send, notice: Notice) -> str:
    with pytest.raises(Conflict) as refused:
        send(notice)
    notice.refresh_from_db()
    assert (notice.state, untold()) == ("approved", True)
    return str(refused.value)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            {"severity": 4},
            "Helix Markets: SEV-4 for it now, and SEV-2 then; it says SEV-2, and for Helix Markets "
            "it is SEV-4; it was written before {severity} changed",
        ),
        (
            {"title": "No quotes"},
            "Helix Markets: its title is “No quotes” now, and was “Delayed quotes”",
        ),
    ],
)
def test_what_is_approved_is_not_sent_under_another_head(
    draft, approve, send, change, helix, said, words
):
    notice = draft()
    approve(notice)
    change(helix, **said)
    assert refusal(send, notice) == f"Since it was approved, the record changed: {words}. {AGAIN}"


def test_nor_in_another_phase(draft, approve, send, incident):
    notice = draft("Quotes are late.")
    approve(notice)
    incident.involvements.update(phase="containment")  # as the move of the incident does
    assert refusal(send, notice) == (
        "Since it was approved, the record changed: Helix Markets: Containment now, and "
        f"Identification then. {AGAIN}"
    )


def test_nor_to_somebody_of_whom_its_approver_did_not_know(draft, approve, send, helix, norrbank):
    notice = draft("Quotes are late.")
    approve(notice)
    for partner in (helix, norrbank):
        new = f"new@{partner.code.lower()}.test"
        Contact.objects.create(partner=partner, name="New", email=new, gets_notices=True)
    assert refusal(send, notice) == (
        "Since it was approved, the record changed: Helix Markets: new@helix.test gets it too now. "
        f"{AGAIN}"
    )


def test_nor_where_a_time_that_it_tells_is_on_record_no_longer(
    draft, approve, send, incident, people
):
    entry = response.post_update(
        incident_id=incident.pk, text="Late since 09:31.", by=people.actor("responder"), at=NOW
    )
    notice = draft("Late since 09:31.")
    assert accuracy.of(notice) == []
    approve(notice)
    correcting.blank(
        incident_id=incident.pk,
        entry_sequence=entry.sequence,
        reason="It was of another incident.",
        by=people.actor("commander"),
        at=NOW,
    )
    assert refusal(send, notice) == (
        "Since it was approved, the record changed: 09:31 is none of the recorded times. " + AGAIN
    )


def test_what_changed_for_another_partner_and_whom_it_is_not_for_any_more_stop_nothing(
    draft, approve, send, change, norrbank, helix
):
    Contact.objects.create(partner=helix, name="Gone", email="gone@helix.test", gets_notices=True)
    notice = draft()
    approve(notice)
    change(norrbank, severity=4)
    Contact.objects.filter(email="gone@helix.test").update(is_active=False)
    send(notice)
    assert NoticeCopy.objects.get().sent_at == NOW
    assert "gone@helix.test" not in Message.objects.values_list("to_address", flat=True)


def test_an_edit_asks_for_an_approval_of_what_is_on_record_now(
    draft, approve, send, change, people, helix
):
    notice = draft()
    approve(notice)
    change(helix, severity=4)
    by = people.actor("communications")
    again = notices.edit(notice_id=notice.pk, body=notice.body, by=by, at=NOW)
    assert (again.state, again.copies.get().body) == (
        "draft",
        "For you it is SEV-4, phase Identification.",
    )
    approve(again)
    send(again)
    (seen,) = visibility.notices_for(people.contact("helix", helix))
    assert seen.body == "For you it is SEV-4, phase Identification."


def test_a_draft_that_the_record_left_behind_is_looked_at_before_it_is_approved(
    draft, approve, change, incident, helix
):
    notice = draft("It means: {meaning} We are in {phase}.")
    change(helix, meaning="Use EU-3.")
    incident.involvements.update(phase="containment")
    with pytest.raises(InvalidInput) as refused:
        approve(notice)
    assert str(refused.value) == (
        "The text differs from the record: it was written before {meaning}, {phase} changed. Look "
        "at each, and say that the text is right."
    )


def test_who_sends_alone_looks_at_what_differs_too(draft, change, people, helix):
    notice = draft()
    change(helix, severity=4)
    words = {"notice_id": notice.pk, "reason": "Orders are lost.", "at": NOW}
    with pytest.raises(InvalidInput) as refused:
        notices.send_in_emergency(**words, by=people.actor("commander"))
    assert str(refused.value) == (
        "The text differs from the record: it says SEV-2, and for Helix Markets it is SEV-4; it "
        "was written before {severity} changed. Look at each, and say that the text is right."
    )
    assert untold()
    notices.send_in_emergency(**words, is_checked=True, by=people.actor("commander"))
    assert NoticeCopy.objects.get().sent_at == NOW


def test_what_was_approved_before_that_was_kept_is_approved_anew(draft, send, people):
    notice = draft()
    Notice.objects.update(state="approved", approved_at=NOW, approved_by=people["approver"])
    assert refusal(send, notice) == (
        "Since it was approved, the record changed: what its approver saw was not kept then. "
        + AGAIN
    )


def test_what_its_approver_saw_cannot_be_changed_even_by_sql(draft, approve):
    notice = approve(draft())
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE cases_notice SET approval_seen = NULL")
    notice.refresh_from_db()
    assert notice.approval_seen == {
        "flags": [],
        "partners": {
            str(notice.copies.get().involvement_id): {
                "title": "Delayed quotes",
                "severity": 2,
                "phase": "identification",
                "to": ["contact@helix.test"],
            }
        },
    }


def test_a_promise_that_is_broken_already_is_not_sent(draft, approve, send, people):
    notice = draft("Late.", next_update_at=NOW + MINUTE)
    approve(notice)
    words = (
        "The next update that it promises lies in the past; edit it, which drops the promise, or "
        "withdraw it and draft one that promises a later time."
    )
    with pytest.raises(InvalidInput) as refused:
        send(notice, at=NOW + MINUTE)
    assert (str(refused.value), untold()) == (words, True)
    waiting = draft("Late.", next_update_at=NOW + MINUTE)
    with pytest.raises(InvalidInput) as refused:
        notices.send_in_emergency(
            notice_id=waiting.pk, reason="Now.", by=people.actor("commander"), at=NOW + MINUTE
        )
    assert (str(refused.value), untold()) == (words, True)
    send(notice)
    assert NoticeCopy.objects.filter(sent_at__isnull=False).count() == 1
