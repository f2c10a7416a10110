"""What the channel makes of a mail server's answers, and the folder that stands in for one."""

from __future__ import annotations

from email import message_from_bytes, policy
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from notifications import delivery
from notifications.channels import Outcome
from notifications.channels.email import EmailChannel
from notifications.models import Message
from tests.notifications.conftest import NOON, queue
from tests.sinks import SmtpSink


@pytest.mark.django_db
def test_without_a_mail_server_each_mail_becomes_a_file(settings: Settings, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND = "notifications.channels.eml.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    row = queue(to="contact@partner.test")
    queue(dedupe_key="second")

    delivery.deliver_due(at=NOON)

    files = sorted((tmp_path / "mail").iterdir())
    letters = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
    assert [file.suffix for file in files] == [".eml", ".eml"]
    assert row is not None
    assert row.message_id in {letter["Message-ID"] for letter in letters}
    row.refresh_from_db()
    assert row.state == "sent"
    assert row.events.get(event="sent").detail.startswith("written to ")


@pytest.mark.django_db
def test_a_folder_that_cannot_be_written_keeps_the_message(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "mail").write_text("a file where the folder should be")
    settings.EMAIL_BACKEND = "notifications.channels.eml.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    row = queue()

    delivery.deliver_due(at=NOON)

    assert row is not None
    row.refresh_from_db()
    assert row.state == "queued"


@pytest.mark.fault("F15", "a server without STARTTLS")
def test_a_server_that_wants_no_encryption_gets_no_mail_when_we_want_it(
    sink: SmtpSink, settings: Settings
) -> None:
    settings.EMAIL_USE_TLS = True  # and the sink offers none

    answer = EmailChannel().send(Message(to_address="a@partner.test", message_id="<a@b>"))

    assert answer.outcome is Outcome.LATER
    assert "STARTTLS" in answer.words
    assert sink.messages == []


def test_a_password_that_the_server_refuses_is_our_fault_and_not_the_message_s(
    sink: SmtpSink, settings: Settings
) -> None:
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "desk", "wrong"

    answer = EmailChannel().send(Message(to_address="a@partner.test", message_id="<a@b>"))

    assert answer.outcome is Outcome.LATER
