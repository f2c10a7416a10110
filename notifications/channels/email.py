"""E-mail by SMTP or by a provider, and the door to django.core.mail. Knows what they answer;
decides nothing about retries.

One connection is opened for the first message and reused. Each message, and each wait for the
network, has ten seconds; then the connection is hung up.
"""

from __future__ import annotations

import logging
import smtplib
from email.errors import MessageError
from email.utils import parseaddr
from typing import Any

from anymail.exceptions import AnymailRecipientsRefused
from django.conf import settings
from django.core import mail
from django.core.mail.backends import smtp

from notifications.channels import bounded
from notifications.channels.channel import Answer, Outcome
from notifications.models import Message

TIMEOUT_SECONDS = 10
WHOLE_SECONDS = 10.0  # a message, opening the connection included
_LONGEST_ANSWER = 500
_END_OF_DATA = b"\r\n.\r\n"
_UNSURE = "The mail server got the whole mail and did not say that it took it."
logger = logging.getLogger(__name__)


class EmailChannel:
    """Sends messages over one connection of the configured mail backend."""

    _connection: Any = None

    def __init__(self) -> None:
        """Nothing is open yet."""
        self._leash = bounded.Leash()

    def send(self, message: Message) -> Answer:
        """Hand one message to the mail server; see `Channel`."""
        with bounded.within(WHOLE_SECONDS, self._leash):
            answer = self._sent(message)
        if self._leash.is_over:
            self.close()
        return answer

    def _sent(self, message: Message) -> Answer:
        reused = self._connection is not None
        try:
            try:
                return self._hand_over(message)
            except smtplib.SMTPServerDisconnected as error:
                is_late = self._leash.is_over or isinstance(error.__context__, TimeoutError)
                if not reused or is_late or self._is_unanswered:
                    raise
                # The server hung up between two messages, as servers do: that is no failed try.
                self.close()
                return self._hand_over(message)
        except Exception as error:  # noqa: BLE001 -- one bad letter must not stop those behind it
            is_late, is_unsure = self._leash.is_over, self._is_unanswered
            if not _is_connection_usable_after(error):
                self.close()
            if is_unsure:
                return Answer(Outcome.UNSURE, _UNSURE)
            if is_late:
                return Answer(Outcome.LATER, "The mail server took longer than ten seconds.")
            return _answer_to(error, message)

    @property
    def _is_unanswered(self) -> bool:
        """Whether the server has all of the letter, and has not said what it makes of it."""
        return bool(getattr(self._connection, "is_unanswered", False))

    def close(self) -> None:
        """Hang up."""
        connection, self._connection = self._connection, None
        if connection is None:
            self._leash.let_go()
            return
        try:
            with bounded.within(WHOLE_SECONDS, self._leash):
                connection.close()
        except Exception as error:  # noqa: BLE001 -- what was sent is sent, however QUIT went
            logger.info("the mail server did not take leave: %s", error)
        finally:
            self._leash.let_go()

    def _hand_over(self, message: Message) -> Answer:
        if self._connection is None:
            connection = mail.get_connection()
            connection.open()
            self._connection = connection
        letter = _letter(message)
        if not self._connection.send_messages([letter]):
            return Answer(Outcome.REFUSED, "There is no address to send it to.")
        status = getattr(letter, "anymail_status", None)
        if status is None:
            return Answer(Outcome.ACCEPTED, _bounded(getattr(self._connection, "answer", "")))
        words = _bounded(f"The provider took it as {status.message_id}.")
        is_reported = bool(settings.MAIL_HOOK_SECRET)
        return Answer(
            Outcome.ACCEPTED, words, provider_id=str(status.message_id), is_reported=is_reported
        )


def trouble() -> str:
    """Why the mail server would take no mail of ours, in its words; empty if it would. It is asked
    by connection, TLS, login and sender, within ten seconds; nothing is sent."""
    leash = bounded.Leash()
    try:
        with bounded.within(WHOLE_SECONDS, leash):
            backend = mail.get_connection()
            backend.open()
            try:
                return _refusal_of_us(getattr(backend, "connection", None))
            finally:
                backend.close()
    except Exception as error:  # noqa: BLE001 -- whatever it is, it is what is asked for
        if leash.is_over:
            return "The mail server took longer than ten seconds."
        return _answer_to(error, Message()).words
    finally:
        leash.let_go()


def _refusal_of_us(server: object) -> str:
    """What an SMTP server says against our name and sender, if it does."""
    if not isinstance(server, smtplib.SMTP):
        return ""
    server.ehlo_or_helo_if_needed()
    code, words = server.mail(parseaddr(settings.DEFAULT_FROM_EMAIL)[1])
    server.rset()
    return "" if code == 250 else _said(code, words)


def _letter(message: Message) -> mail.EmailMultiAlternatives:
    address = message.method.address if message.method else message.to_address
    letter = mail.EmailMultiAlternatives(
        subject=message.subject,
        body=message.body_text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[address] if address else [],
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
    if isinstance(error, AnymailRecipientsRefused):
        return Answer(Outcome.REFUSED, _bounded("The provider refused this recipient."))
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
    """Remembers what the server answered to the last letter; Django's backend throws it away.

    From the end of a letter until that answer it may have been taken: so RFC 5321, 4.5.3.2.6.
    """

    answer = ""
    is_unanswered = False

    def send(self, s: Any) -> None:
        super().send(s)
        self.is_unanswered = isinstance(s, bytes) and s.endswith(_END_OF_DATA)

    def data(self, msg: Any) -> tuple[int, bytes]:
        code, words = super().data(msg)
        self.is_unanswered, self.answer = False, _said(code, words)
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

    @property
    def is_unanswered(self) -> bool:
        """Whether the server got all of a letter and has not answered it."""
        return bool(getattr(self.connection, "is_unanswered", False))
