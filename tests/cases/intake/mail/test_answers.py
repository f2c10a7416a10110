"""Answers by mail land with the partner that was written to, and nobody else's; staff report."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from cases import disclosure, replies, requests, thread
from cases.intake.mail import routing
from cases.intake.mail.answers import own_words
from cases.models import Evidence, Incident, Letter, Remark, Report, RequestStep, SharedFile
from notifications import delivery
from notifications.models import Message
from tests.cases.intake.mail.conftest import DOMAIN, mail, signed
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
CANARY = "canary-norrbank"


@pytest.fixture
def involved(declare, people, helix, norrbank, zone) -> dict[str, Any]:
    """Helix and Norrbank on one incident that each sees by itself."""
    incident, by = declare(), people.actor("commander")
    step: dict[str, Any] = {"incident_id": incident.pk, "by": by, "at": NOW}
    made = {}
    for partner, title in ((helix, "Delayed"), (norrbank, CANARY)):
        row = disclosure.add_partner(
            **step, partner_id=partner.pk, title=title, meaning="Wait.", severity=2
        )
        made[partner.code] = disclosure.disclose(**step, involvement_id=row.pk)
    return made


@pytest.fixture
def asked(involved, people) -> Any:
    """Norrbank was asked something."""
    one = involved["NORR"]
    return requests.ask(
        incident_id=one.incident_id,
        involvement_id=one.pk,
        question=f"Which {CANARY} orders?",
        why="",
        due_at=NOW + timedelta(days=1),
        by=people.actor("communications"),
        at=NOW,
    )


def thread_of(row: Any) -> str:
    return replies.address(replies.INCIDENT, row.pk)


NORR = "Norrbank <contact@norrbank.test>"


def from_norrbank(to: str, **more: Any) -> bytes:
    return signed(mail(NORR, to=to, **more), "norrbank.test")


def test_mails_to_partners_say_where_an_answer_goes(involved, asked, people, settings):
    row = involved["HELIX"]
    where = {"incident_id": row.incident_id, "involvement_id": row.pk}
    thread.write(**where, text="How is it?", by=people.actor("communications"), at=NOW)
    found = {(m.kind, m.to_address): m.reply_to for m in Message.objects.exclude(reply_to="")}
    assert found == {
        ("thread", "contact@helix.test"): thread_of(row),
        ("request", "contact@norrbank.test"): replies.address(replies.REQUEST, asked.pk),
    }
    assert all(len(one.partition("@")[0]) <= 64 for one in found.values())
    settings.INBOUND_DOMAIN = ""
    assert thread_of(row) == ""


def test_an_answer_goes_into_the_thread_of_the_partner_that_was_written_to(
    receive, involved, norrbank
):
    text = "It is fixed here.\n\nOn 4 Mar 2026 the desk wrote:\n> How is it?\n> Tell us.\n"
    letter = receive(from_norrbank(thread_of(involved["NORR"]).upper(), text=text))
    assert (letter.outcome, letter.partner, letter.incident) == (
        "thread",
        norrbank,
        involved["NORR"].incident,
    )
    remark = Remark.objects.get()
    assert (remark.involvement, remark.text, remark.author, remark.is_ours) == (
        involved["NORR"],
        "It is fixed here.",
        "Norrbank Securities contact",
        False,
    )
    assert Report.objects.count() == 0


@pytest.mark.mistake(17)
def test_another_partner_s_address_lets_nobody_in(receive, involved, asked):
    for number, target in enumerate(
        (thread_of(involved["NORR"]), replies.address(replies.REQUEST, asked.pk))
    ):
        letter = receive(signed(mail(to=target, message_id=f"<{number}@helix.test>")))
        assert (letter.outcome, letter.why) == (
            "quarantined",
            "Its sender is nobody who may answer this for the partner it went to.",
        )
        assert (letter.partner, letter.incident, letter.request) == (None, None, None)
    assert (Remark.objects.count(), Report.objects.count()) == (0, 0)
    assert [step.kind for step in RequestStep.objects.all()] == ["asked"]
    assert Message.objects.filter(to_address="contact@helix.test").count() == 0


@pytest.mark.mistake(17)
def test_a_known_address_that_nothing_proves_answers_nothing(receive, involved):
    letter = receive(mail(NORR, to=thread_of(involved["NORR"])).as_bytes())
    assert (letter.outcome, Remark.objects.count()) == ("quarantined", 0)


def test_a_made_up_address_answers_nothing(receive, involved):
    forged = f"reply+{'a' * 40}@{DOMAIN}"
    letter = receive(from_norrbank(forged))
    assert (letter.outcome, letter.why) == (
        "quarantined",
        "The address that it answers is none of ours, or there are several.",
    )


def test_an_answer_to_a_request_answers_it_with_its_files(receive, asked, norrbank):
    made = mail(NORR, to=replies.address(replies.REQUEST, asked.pk), text="These two.")
    made.add_attachment(b"1,2\n", maintype="text", subtype="csv", filename="../orders.csv")
    letter = receive(signed(made, "norrbank.test"))
    assert (letter.outcome, letter.request, letter.partner) == ("answer", asked, norrbank)
    asked.refresh_from_db()
    step = asked.steps.last()
    assert (asked.state, step.kind, step.text) == ("answered", "whole", "These two.")
    file = SharedFile.objects.get()
    assert (file.partner, file.step, file.name, file.size) == (norrbank, step, "orders.csv", 4)
    late = receive(from_norrbank(made["To"], message_id="<2@norrbank.test>", text="More."))
    assert late.outcome == "answer"


def test_an_answer_to_what_is_closed_waits_and_is_not_lost(receive, asked, people):
    requests.withdraw(
        request_id=asked.pk, reason="Found it.", by=people.actor("communications"), at=NOW
    )
    letter = receive(from_norrbank(replies.address(replies.REQUEST, asked.pk)))
    assert (letter.outcome, letter.text) == ("quarantined", "Two fills came twice.")
    assert letter.why == (
        "What it asks for was refused: This request is closed; write to the response team instead."
    )


def test_a_long_answer_goes_along_as_a_file(receive, involved):
    receive(from_norrbank(thread_of(involved["NORR"]), text="word " * 3_000))
    remark = Remark.objects.get()
    assert len(remark.text) <= routing.LONGEST
    assert [file.name for file in remark.files.all()] == ["whole answer.txt"]


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("Yes.\n\n-----Original Message-----\nFrom: desk\n", "Yes."),
        ("> all quoted", "> all quoted"),
        ("See:\n> this\nand do that", "See:\n> this\nand do that"),
        ("Yes.\n\nOn Wed, the desk\nwrote:\n\n> a\n>\n> b\n\n", "Yes."),
    ],
)
def test_what_is_quoted_below_an_answer_is_left_out(text, own):
    assert own_words(text) == own


# --- staff ----------------------------------------------------------------------------------------


def test_a_mail_of_a_colleague_opens_an_incident(receive, people):
    made = mail("Auditor <auditor@desk.test>", text="The gate was open.", subject="Open gate")
    made.add_attachment(b"pixels", maintype="image", subtype="png", filename="gate.png")
    letter = receive(signed(made, "desk.test"))
    incident = Incident.objects.get()
    assert (letter.outcome, letter.incident, letter.partner) == ("internal", incident, None)
    assert (incident.title, incident.description, incident.detection, incident.severity) == (
        "Open gate",
        "The gate was open.",
        "staff",
        3,
    )
    assert incident.detected_by == "Auditor · internal report"
    piece = Evidence.objects.get()
    assert (piece.file_name, piece.collector, piece.added_by) == (
        "gate.png",
        "Auditor",
        people["auditor"],
    )


def test_a_colleague_who_left_or_whose_domain_proves_nothing_waits(receive, people):
    letter = receive(mail("Auditor <auditor@desk.test>").as_bytes())
    assert (letter.outcome, Incident.objects.count()) == ("quarantined", 0)
    people["auditor"].is_active = False
    people["auditor"].save()
    signed_one = signed(mail("Auditor <auditor@desk.test>", message_id="<2@d>"), "desk.test")
    assert (receive(signed_one).outcome, Incident.objects.count()) == ("quarantined", 0)


# --- machines -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"Auto_Submitted": "auto-replied"}, "its header Auto-Submitted says auto-replied"),
        ({"Precedence": "bulk"}, "its header Precedence says bulk"),
        ({"List_Id": "<all.helix.test>"}, "it has the header List-Id"),
        ({"X_Loop": "1"}, "it has the header X-Loop"),
    ],
)
@pytest.mark.fault("F32", "out-of-office and lists")
def test_what_a_machine_wrote_is_left_alone(receive, helix, headers, why):
    letter = receive(signed(mail(**headers)))
    assert (letter.outcome, letter.why) == ("automatic", f"A machine wrote it: {why}.")
    assert (Report.objects.count(), Message.objects.count()) == (0, 0)


@pytest.mark.fault("F32", "bounces and our own mails")
def test_a_bounce_and_our_own_mails_are_left_alone(receive, helix, settings, involved, people):
    assert receive(signed(mail()), sender="").outcome == "automatic"
    row = involved["HELIX"]
    where = {"incident_id": row.incident_id, "involvement_id": row.pk}
    thread.write(**where, text="How is it?", by=people.actor("communications"), at=NOW)
    ours = Message.objects.get(kind="thread")
    back = receive(signed(mail(message_id=ours.message_id)))
    assert (back.outcome, back.why) == (
        "automatic",
        "A machine wrote it: the desk itself sent it.",
    )
    settings.DEFAULT_FROM_EMAIL = "Desk <contact@helix.test>"
    assert receive(signed(mail(message_id="<3@helix.test>"))).outcome == "automatic"


@pytest.mark.fault("F32", "one answer an hour")
def test_a_sender_is_told_once_an_hour_that_reports_have_come(receive, helix):
    for number in range(3):
        raw = mail(subject=f"Fill {number}", message_id=f"<{number}@helix.test>")
        assert receive(signed(raw)).outcome == "report"
    assert Message.objects.filter(kind="report_received").count() == 1


@pytest.mark.fault("F32", "a mail that passed here before")
def test_what_goes_round_in_circles_stops(receive, helix, monkeypatch):
    monkeypatch.setattr(routing, "MOST_AN_HOUR", 2)
    outcomes = [
        receive(signed(mail(subject=f"{n}", message_id=f"<{n}@helix.test>"))).outcome
        for n in range(3)
    ]
    assert outcomes == ["report", "report", "quarantined"]
    assert Letter.objects.filter(outcome="quarantined").get().why == (
        "Its sender has sent more than 2 mails within an hour."
    )


def test_an_answer_s_address_stands_in_the_mail_that_is_sent(
    involved, people, mailoutbox, settings
):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    row = involved["HELIX"]
    where = {"incident_id": row.incident_id, "involvement_id": row.pk}
    Message.objects.update(state="suppressed", next_try_at=None)
    thread.write(**where, text="How is it?", by=people.actor("communications"), at=NOW)
    delivery.deliver_due(at=NOW)
    assert [one.reply_to for one in mailoutbox] == [[thread_of(row)]]
