"""Requests to partners: asked, answered in parts, more time, accepted or asked again; reminders."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import IntegrityError, InternalError, ProgrammingError, transaction

from cases import disclosure, evidence, files, jobs, request_mails, requests, vault, workflow
from cases.models import Request, RequestStep, SharedFile
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from notifications.models import Message
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def involved(declare, people, helix) -> Any:
    """Helix on an incident that it sees."""
    incident, by = declare(), people.actor("commander")
    step: dict[str, Any] = {"incident_id": incident.pk, "by": by, "at": NOW}
    made = disclosure.add_partner(
        **step, partner_id=helix.pk, title="Delayed", meaning="Wait.", severity=2
    )
    return disclosure.disclose(**step, involvement_id=made.pk)


@pytest.fixture
def ask(involved, people) -> Any:
    """`ask(question=…)` asks Helix at NOW, due a day later."""

    def run(**changes: Any) -> Request:
        given = {
            "question": "Which orders were late?",
            "why": "We reconcile tonight.",
            "due_at": NOW + DAY,
            "by": people.actor("communications"),
            "at": NOW,
        }
        where = {"incident_id": involved.incident_id, "involvement_id": involved.pk}
        return requests.ask(**where, **given | changes)

    return run


@pytest.fixture
def answer(people, helix) -> Any:
    """`answer(request, "…")` as Helix's contact."""

    def run(request: Request, text: str, *, whole: bool = False, at: Any = NOW, **more: Any) -> Any:
        by = people.contact("helix", helix)
        return requests.answer(
            request_id=request.pk, text=text, is_whole=whole, by=by, at=at, **more
        )

    return run


def said(request: Request) -> list[tuple[str, str, str]]:
    """Kind, author, text."""
    return list(request.steps.order_by("id").values_list("kind", "author", "text"))


def mails() -> list[tuple[str, str]]:
    """To whom and what, of the mails about requests."""
    rows = Message.objects.filter(kind="request").order_by("pk")
    return list(rows.values_list("to_address", "subject"))


def test_a_request_has_a_reference_of_the_partners_own_and_is_mailed_without_its_words(ask):
    made = ask()
    assert (made.reference, made.state, made.due_at) == ("HELIX-REQ-2026-0001", "open", NOW + DAY)
    assert said(made) == [("asked", "The response team", "Which orders were late?")]
    assert mails() == [
        (
            "contact@helix.test",
            "HELIX-REQ-2026-0001: We need an answer from you by 5 Mar 09:41 UTC",
        )
    ]
    mail = Message.objects.get(kind="request")
    assert "Which orders" not in mail.body_text + mail.body_html
    assert "/portal/requests/HELIX-REQ-2026-0001/" in mail.body_text
    entry = made.involvement.incident.entries.latest("sequence")
    assert (entry.kind, entry.partner_id) == ("partner", made.partner_id)
    assert entry.body == (
        "Helix Markets, HELIX-REQ-2026-0001: asked. Until 05 Mar 2026 09:41 UTC. "
        "Which orders were late?"
    )


def test_it_is_answered_in_parts_and_then_accepted(ask, answer, people):
    made = ask()
    answer(made, "Seven of desk A.", at=NOW + timedelta(hours=1))
    assert Request.objects.get().state == "open"
    answer(made, "And two of desk B.", whole=True, at=NOW + timedelta(hours=2))
    found = Request.objects.get()
    assert (found.state, found.answered_at) == ("answered", NOW + timedelta(hours=2))
    assert found.was_late is False
    by = people.actor("communications")
    requests.accept(request_id=made.pk, words="Thank you.", by=by, at=NOW + timedelta(hours=3))
    found.refresh_from_db()
    assert (found.state, found.settled_by) == ("accepted", people["communications"])
    assert said(made)[1:] == [
        ("part", "Helix Markets contact", "Seven of desk A."),
        ("whole", "Helix Markets contact", "And two of desk B."),
        ("accepted", "The response team", "Thank you."),
    ]


def test_after_a_part_that_was_all_may_be_said_without_a_word(ask, answer, people):
    made, by = ask(), people.actor("communications")
    neither = "Write your answer or add a file; there is neither yet."
    with pytest.raises(InvalidInput, match=neither):
        answer(made, "", whole=True)
    answer(made, "Seven of desk A.")
    with pytest.raises(InvalidInput, match=neither):
        answer(made, " ")
    answer(made, " ", whole=True)
    assert Request.objects.get().state == "answered"
    with pytest.raises(InvalidInput, match=neither):
        answer(made, "", whole=True)
    requests.ask_again(request_id=made.pk, text="And desk B?", due_at=NOW + DAY, by=by, at=NOW)
    with pytest.raises(InvalidInput, match=neither):
        answer(made, "", whole=True)
    assert [(kind, text) for kind, _, text in said(made)[1:]] == [
        ("part", "Seven of desk A."),
        ("whole", ""),
        ("again", "And desk B?"),
    ]


def test_what_is_not_enough_is_asked_again_and_stays_late_if_it_was(ask, answer, people):
    made, by = ask(), people.actor("commander")
    answer(made, "Some.", whole=True, at=NOW + DAY + timedelta(minutes=1))
    again = NOW + 2 * DAY
    requests.ask_again(
        request_id=made.pk, text="Which of them?", due_at=again + DAY, by=by, at=again
    )
    found = Request.objects.get()
    assert (found.state, found.answered_at, found.due_at) == ("open", None, again + DAY)
    answer(made, "These seven.", whole=True, at=again)
    found.refresh_from_db()
    assert (found.state, found.was_late) == ("answered", True)
    assert [subject.partition(": ")[2] for _, subject in mails()] == [
        "We need an answer from you by 5 Mar 09:41 UTC",
        "We ask you again by 7 Mar 09:41 UTC",
    ]


@pytest.mark.parametrize("granted", [True, False])
def test_more_time_is_asked_with_a_reason_and_given_or_refused(ask, people, helix, granted):
    made, contact = ask(), people.contact("helix", helix)
    until = NOW + 3 * DAY
    requests.ask_for_time(
        request_id=made.pk, until=until, reason="Our broker sleeps.", by=contact, at=NOW
    )
    found = Request.objects.get()
    assert (found.extension_until, found.due_at) == (until, NOW + DAY)
    requests.decide_on_time(
        request_id=made.pk,
        granted=granted,
        words="" if granted else "We report tomorrow.",
        by=people.actor("communications"),
        at=NOW + timedelta(hours=1),
    )
    found.refresh_from_db()
    assert (found.extension_until, found.extension_reason) == (None, "")
    assert found.due_at == (until if granted else NOW + DAY)
    assert [kind for kind, _, _ in said(made)] == [
        "asked",
        "extension",
        "granted" if granted else "refused",
    ]


def test_files_of_both_sides_are_kept_with_their_hash(ask, answer, people):
    made = ask(uploads=[ContentFile(b"what we know", name="known.txt")])
    answer(made, "", uploads=[ContentFile(b"a,b", name="../orders.csv")])
    rows = list(SharedFile.objects.values_list("name", "size", "step__kind"))
    assert rows == [("known.txt", 12, "asked"), ("orders.csv", 3, "part")]
    file = SharedFile.objects.get(name="orders.csv")
    assert b"".join(vault.read(file.key)) == b"a,b"
    assert file.sha256 == vault.sha256(file.key)
    assert file.sha256 in made.involvement.incident.entries.latest("sequence").body
    opened = files.open_file(file_id=file.pk, by=people.actor("responder"), at=NOW)
    assert (opened.name, b"".join(opened.chunks())) == ("orders.csv", b"a,b")
    assert evidence.sweep(at=NOW + 3650 * DAY) == 0
    with pytest.raises(NotAllowed, match="may not read incidents"):
        files.open_file(file_id=file.pk, by=people.contact("helix", made.partner), at=NOW)


def test_a_refusal_keeps_no_file(ask, answer, settings):
    made = ask()
    with pytest.raises(InvalidInput, match=r"The file “b\.txt” is empty"):
        answer(made, "", uploads=[ContentFile(b"a", name="a.txt"), ContentFile(b"", name="b.txt")])
    with pytest.raises(InvalidInput, match="Add at most 10 files at once"):
        answer(made, "", uploads=[ContentFile(b"a", name="a.txt")] * 11)
    assert SharedFile.objects.count() == 0
    assert [path for path in vault.folder().rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"question": " "}, "Say what you need from the partner."),
        ({"due_at": NOW}, "The answer would be due in the past"),
        ({"question": "x" * 20_001}, "Keep this to 20,000 characters"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_a_sentence(ask, changes, sentence):
    with pytest.raises(InvalidInput, match=sentence):
        ask(**changes)
    assert (Request.objects.count(), mails()) == (0, [])


NAMED = "As norrbank told us in INC-2026-0001."


def test_no_step_of_ours_names_another_partner_or_our_reference(ask, answer, people, norrbank):
    refused = pytest.raises(
        InvalidInput, match=r"^This would show .* to Helix Markets; take it out\.$"
    )
    named = {"uploads": [ContentFile(b"x", name="norrbank.csv")]}
    for given in ({"question": NAMED}, {"why": NAMED}, named):
        with refused:
            ask(**given)
    assert RequestStep.objects.count() == SharedFile.objects.count() == 0
    made = ask()
    known = {"request_id": made.pk, "by": people.actor("communications"), "at": NOW}
    theirs = {**known, "by": people.contact("helix", made.partner)}
    requests.ask_for_time(
        **theirs, until=NOW + 2 * DAY, reason=NAMED
    )  # they may say what they like
    for granted in (True, False):
        with refused:
            requests.decide_on_time(**known, granted=granted, words=NAMED)
    with refused:
        requests.withdraw(**known, reason=NAMED)
    answer(made, NAMED, whole=True, **named)
    with refused:
        requests.accept(**known, words=NAMED)
    for given in ({"text": NAMED}, {"text": "Again.", **named}):
        with refused:
            requests.ask_again(**known, due_at=NOW + DAY, **given)
    made.refresh_from_db()
    assert (made.state, [kind for kind, *_ in said(made)]) == (
        "answered",
        ["asked", "extension", "whole"],
    )


def test_a_partner_that_sees_nothing_is_asked_nothing(declare, people, helix):
    incident, by = declare(), people.actor("commander")
    step: dict[str, Any] = {"incident_id": incident.pk, "by": by, "at": NOW}
    made = disclosure.add_partner(
        **step, partner_id=helix.pk, title="Delayed", meaning="Wait.", severity=2
    )
    with pytest.raises(Conflict, match="does not see the incident yet; disclose it"):
        requests.ask(**step, involvement_id=made.pk, question="x", why="", due_at=NOW + DAY)


def test_a_drill_that_tells_nobody_asks_nobody(people, helix):
    by = people.actor("commander")
    opening = workflow.Opening(
        title="Drill", detection="staff", detected_by="x", detected_at=NOW, is_exercise=True
    )
    incident = workflow.open_incident(opening=opening, by=by, at=NOW)
    step: dict[str, Any] = {"incident_id": incident.pk, "by": by, "at": NOW}
    made = disclosure.add_partner(
        **step, partner_id=helix.pk, title="Delayed", meaning="Wait.", severity=2
    )
    with pytest.raises(InvalidInput, match="is an exercise that tells no partner"):
        requests.ask(**step, involvement_id=made.pk, question="x", why="", due_at=NOW + DAY)


def test_another_partner_finds_no_request(ask, people, norrbank):
    made, stranger = ask(), people.contact("norrbank", norrbank)
    with pytest.raises(NotFound, match=r"There is no such request\."):
        requests.answer(request_id=made.pk, text="x", is_whole=True, by=stranger, at=NOW)
    with pytest.raises(NotFound, match=r"There is no such request\."):
        requests.ask_for_time(
            request_id=made.pk, until=NOW + 2 * DAY, reason="x", by=stranger, at=NOW
        )
    assert len(said(made)) == 1


def test_what_is_settled_takes_nothing_more(ask, answer, people):
    made, by = ask(), people.actor("commander")
    requests.withdraw(request_id=made.pk, reason="We found out.", by=by, at=NOW)
    with pytest.raises(Conflict, match="This request is closed"):
        answer(made, "Late news.")
    with pytest.raises(Conflict, match="is withdrawn already"):
        requests.withdraw(request_id=made.pk, reason="Again.", by=by, at=NOW)
    with pytest.raises(Conflict, match="has no answer that waits for you"):
        requests.accept(request_id=made.pk, by=by, at=NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"state": "answered"},
        {"state": "accepted", "answered_at": NOW},
        {"due_at": NOW},
        {"extension_until": NOW + 2 * DAY},
        {"extension_until": NOW, "extension_reason": "x"},
        {"state": "answered", "answered_at": NOW + 2 * DAY},
        {"settled_at": NOW},
    ],
)
def test_the_database_refuses_what_contradicts_itself(ask, change):
    made = ask()
    with pytest.raises(IntegrityError), transaction.atomic():
        Request.objects.filter(pk=made.pk).update(**change)


def test_the_database_keeps_what_was_asked_and_said(ask, norrbank, people):
    made = ask(uploads=[ContentFile(b"x", name="x.txt")])
    for change in ({"question": "Other"}, {"reference": "X"}, {"partner": norrbank}):
        with pytest.raises(InternalError), transaction.atomic():
            Request.objects.filter(pk=made.pk).update(**change)
    with pytest.raises((InternalError, ProgrammingError)), transaction.atomic():
        Request.objects.all()._raw_delete("default")
    for model in (RequestStep, SharedFile):
        with pytest.raises((InternalError, ProgrammingError)), transaction.atomic():
            model.objects.update(partner=norrbank)
    with pytest.raises(IntegrityError, match="belongs to another partner"), transaction.atomic():
        RequestStep.objects.create(
            request=made,
            partner=norrbank,
            kind="part",
            at=NOW,
            is_ours=False,
            author="x",
            user=people["norrbank"],
        )
    requests.withdraw(request_id=made.pk, reason="x", by=people.actor("commander"), at=NOW)
    with pytest.raises(InternalError), transaction.atomic():
        Request.objects.filter(pk=made.pk).update(state="open", settled_at=None, settled_by=None)


def reminded(at: Any) -> int:
    """How many mails this moment brings, asked twice."""
    first = request_mails.remind(at=at)
    assert request_mails.remind(at=at + timedelta(minutes=5)) == 0
    return first


def test_reminders_come_once_each_at_half_three_quarters_nine_tenths_and_its_time(ask, answer):
    made = ask(due_at=NOW + 2 * DAY)
    due = made.due_at
    moments = [-25, -24, -13, -12, -5, -4.8, -1, 0, 1, 24, 100]
    found = {hours: reminded(due + timedelta(hours=hours)) for hours in moments}
    assert {hours for hours, count in found.items() if count} == {-24, -12, -4.8, 0}
    assert [subject.partition(": ")[2] for _, subject in mails()[1:]] == [
        "Your answer is due in 1 d, by 6 Mar 09:41 UTC",
        "Your answer is due in 12 h, by 6 Mar 09:41 UTC",
        "Your answer is due in 4 h 48, by 6 Mar 09:41 UTC",
        "Your answer was due at 6 Mar 09:41 UTC",
    ]


def test_after_a_standstill_it_is_told_once_how_late_it_is_and_an_answer_ends_it(ask, answer):
    first, second = ask(due_at=NOW + 2 * DAY), ask(due_at=NOW + 2 * DAY)
    answer(second, "All.", whole=True, at=NOW + DAY)
    assert reminded(NOW + 5 * DAY) == 1
    assert mails()[-1][1] == (
        f"{first.reference}: Your answer is 3 d late; it was due at 6 Mar 09:41 UTC"
    )


def test_what_has_a_week_is_reminded_of_every_week_while_it_is_late(ask):
    ask(due_at=NOW + 7 * DAY)
    assert [reminded(NOW + days * DAY) for days in (7, 13, 14, 15, 21)] == [1, 0, 1, 0, 1]


def test_more_time_begins_the_reminders_anew(ask, people, helix):
    made = ask()
    assert reminded(NOW + DAY - timedelta(hours=2)) == 1
    step: dict[str, Any] = {"request_id": made.pk, "at": NOW + DAY - timedelta(hours=1)}
    contact = people.contact("helix", helix)
    requests.ask_for_time(**step, until=NOW + 3 * DAY, reason="Slow.", by=contact)
    requests.decide_on_time(**step, granted=True, by=people.actor("commander"))
    assert reminded(NOW + DAY) == 0
    assert reminded(NOW + 2 * DAY) == 1


def test_the_worker_reminds(ask):
    ask()
    jobs.remind_partners()
