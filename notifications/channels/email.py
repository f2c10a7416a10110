"""E-mail, and the door to django.core.mail. Knows SMTP's answers; decides nothing about retries.

One connection is opened for the first message and reused. Every wait on the network ends after
ten seconds.
"""

from __future__ import annotations

import logging
import smtplib
from email.errors import MessageError
from typing import Any

from django.conf import settings
from django.core import mail
from django.core.mail.backends import smtp

from notifications.channels.channel import Answer, Outcome
from notifications.models import Message

TIMEOUT_SECONDS = 10
_LONGEST_ANSWER = 500
logger = logging.getLogger(__name__)


class EmailChannel:
    """Sends messages over one connection of the configured mail backend."""

    _connection: Any = None

    def send(self, message: Message) -> Answer:
        """Hand one message to the mail server; see `Channel`."""
        reused = self._connection is not None
        try:
            try:
                return self._hand_over(message)
            except smtplib.SMTPServerDisconnected as error:
                if not reused or isinstance(error.__context__, TimeoutError):
                    raise
                # The server hung up between two messages, as servers do: that is no failed try.
                self.close()
                return self._hand_over(message)
        except Exception as error:  # noqa: BLE001 -- one bad letter must not stop those behind it
            if not _is_connection_usable_after(error):
                self.close()
            return _answer_to(error, message)

    def close(self) -> None:
        """Hang up."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.close()
        except Exception as error:  # noqa: BLE001 -- what was sent is sent, however QUIT went
            logger.info("the mail server did not take leave: %s", error)

    def _hand_over(self, message: Message) -> Answer:
        if self._connection is None:
            connection = mail.get_connection()
            connection.open()
            self._connection = connection
        if not self._connection.send_messages([_letter(message)]):
            return Answer(Outcome.REFUSED, "There is no address to send it to.")
        return Answer(Outcome.ACCEPTED, _bounded(getattr(self._connection, "answer", "")))


def _letter(message: Message) -> mail.EmailMultiAlternatives:
    letter = mail.EmailMultiAlternatives(
        subject=message.subject,
        body=message.body_text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[message.to_address] if message.to_address else [],
        reply_to=[message.reply_to] if message.reply_to else None,
        headers={"Message-ID": message.message_id, "Auto-Submitted": "auto-generated"},
    )
    if message.body_html:
        letter.attach_alternative(message.body_html, "text/html")
    return letter


def _answer_to(error: Exception, message: Message) -> Answer:
    """What an error means for this message.

    Only an answer about the letter itself (its recipient, its content) is final. A refusal of our
    name, password or sender address is about our own setup: it would be the same for every
    message, and somebody can mend it, so the message stays.
    """
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, words = next(iter(error.recipients.values()), (451, b""))
        return _by_code(code, words)
    if isinstance(error, smtplib.SMTPDataError):
        return _by_code(error.smtp_code, error.smtp_error)
    if isinstance(error, smtplib.SMTPResponseException):
        return Answer(Outcome.LATER, _by_code(error.smtp_code, error.smtp_error).words)
    if isinstance(error, OSError):  # smtplib's own errors and those of the network
        return Answer(Outcome.LATER, _bounded(str(error) or type(error).__name__))
    if isinstance(error, (ValueError, LookupError, MessageError)):
        return Answer(Outcome.REFUSED, _bounded(f"It cannot be written as a mail: {error}"))
    logger.error("message %s could not be sent", message.pk, exc_info=error)
    return Answer(Outcome.LATER, _bounded(f"{type(error).__name__}: {error}"))


def _by_code(code: int, words: bytes | str) -> Answer:
    outcome = Outcome.REFUSED if 500 <= code <= 599 else Outcome.LATER
    return Answer(outcome, _said(code, words))


def _is_connection_usable_after(error: Exception) -> bool:
    """After a refusal of one letter the next may follow; 421 means that the server hangs up."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code != 421 for code, _ in error.recipients.values())
    return isinstance(error, smtplib.SMTPDataError) and error.smtp_code != 421


def _said(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    return _bounded(f"{code} {text}")


def _bounded(text: str) -> str:
    return " ".join(str(text).replace("\x00", "").split())[:_LONGEST_ANSWER]


class _Answering(smtplib.SMTP):
    """Remembers what the server answered to the last letter; Django's backend throws it away."""

    answer = ""

    def data(self, msg: Any) -> tuple[int, bytes]:
        code, words = super().data(msg)
        self.answer = _said(code, words)
        return code, words


class _AnsweringOverTLS(_Answering, smtplib.SMTP_SSL):
    """The same over implicit TLS."""


class SmtpBackend(smtp.EmailBackend):
    """Django's SMTP backend that keeps the server's answer and never waits for ever."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what Django's settings say, but bound every wait."""
        super().__init__(*args, **kwargs)
        self.timeout = min(self.timeout or TIMEOUT_SECONDS, TIMEOUT_SECONDS)

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        """The client that remembers answers."""
        return _AnsweringOverTLS if self.use_ssl else _Answering

    @property
    def answer(self) -> str:
        """The server's words about the last letter."""
        return str(getattr(self.connection, "answer", ""))
