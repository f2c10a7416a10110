"""Mail of the demo: what nothing proves waits for a person; what a machine wrote is left alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime

from cases.intake.mail import receiving
from cases.intake.mail.verdicts import Envelope
from incidentdesk.demo.agenda import Agenda

DOMAIN = "desk.example"
# from, subject, text, hours ago, whether it carries the mark of a machine
LETTERS = (
    (
        "Helix contact <contact@helix.example>",
        "Urgent: new settlement account",
        "Please use the account in the file from today on. Do not call, we are in meetings.",
        5,
        False,
    ),
    (
        "A trader <trader@elsewhere.example>",
        "Your quotes look stale",
        "EURUSD on my screen has not moved for two minutes.\n\nIs that you?",
        2,
        False,
    ),
    (
        "Norrbank contact <contact@norrbank.example>",
        "Out of office: Re: We need an answer from you",
        "I am away until Monday.",
        9,
        True,
    ),
)


def plan(agenda: Agenda, *, now: datetime) -> None:
    """Each comes at its time. Nothing proves whose they are, as with most that is forged."""
    for number, (sender, subject, text, hours, is_automatic) in enumerate(LETTERS):
        made = EmailMessage()
        made["From"], made["To"], made["Subject"] = sender, f"report@{DOMAIN}", subject
        made["Message-ID"] = f"<demo-{number}@elsewhere.example>"
        made["Date"] = format_datetime(now - timedelta(hours=hours))
        if is_automatic:
            made["Auto-Submitted"] = "auto-replied"
        made.set_content(text)
        agenda.add(now - timedelta(hours=hours), _Coming(made.as_bytes()))


class _Coming:
    """One mail comes in. No server is asked about it: a demo needs no network."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    def __call__(self, at: datetime) -> None:
        envelope = Envelope(sender="someone@elsewhere.example", recipients=(f"report@{DOMAIN}",))
        receiving.receive(raw=self.raw, envelope=envelope, resolver=lambda name, kind: [], at=at)
