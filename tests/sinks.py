"""A real SMTP server for tests: it records what it takes and refuses what it is told to refuse."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Refusal:
    """An answer to give instead of yes; `times` None means for ever, `to` empty means everybody."""

    answer: str
    command: str = "RCPT"
    to: str = ""
    times: int | None = None
    used: int = 0


@dataclass
class SmtpSink:
    """The server's memory. `messages` are those it took; it says so `delay_seconds` later."""

    port: int
    host: str = "127.0.0.1"
    messages: list[EmailMessage] = field(default_factory=list)
    times: list[float] = field(default_factory=list)  # when each came, by the monotonic clock
    recipients: list[str] = field(default_factory=list)
    connections: int = 0
    tries: list[str] = field(default_factory=list)
    delay_seconds: float = 0.0
    hang_up_after_each: bool = False
    _refusals: list[Refusal] = field(default_factory=list)

    def refuse(
        self, answer: str, *, command: str = "RCPT", to: str = "", times: int | None = None
    ) -> None:
        """From now on answer `command` (MAIL, RCPT or DATA) with, say, "550 5.1.1 No such user"."""
        self._refusals.append(Refusal(answer, command, to, times))

    def accept(self) -> None:
        """From now on take everything."""
        self._refusals.clear()

    def subjects(self) -> list[str]:
        """Subjects in the order of arrival."""
        return [str(message["Subject"]) for message in self.messages]

    def wait_for(self, count: int, *, seconds: float = 10.0) -> list[EmailMessage]:
        """Wait until `count` messages have come; fails with what came instead."""
        end = time.monotonic() + seconds
        while len(self.messages) < count:
            if time.monotonic() > end:
                raise AssertionError(f"{count} mails expected, these came: {self.subjects()}")
            time.sleep(0.02)
        return self.messages

    # --- what aiosmtpd calls ---------------------------------------------------------------------

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, answers: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return answers

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        if refused := self._refusal("MAIL", address):
            return refused
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        self.tries.append(address)
        if refused := self._refusal("RCPT", address):
            return refused
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if refused := self._refusal("DATA", envelope.rcpt_tos[0]):
            return refused
        content = cast(bytes, envelope.content)
        self.recipients += envelope.rcpt_tos
        self.times.append(time.monotonic())
        self.messages.append(message_from_bytes(content, policy=policy.default))
        if self.delay_seconds:
            await asyncio.sleep(self.delay_seconds)
        if self.hang_up_after_each and server.transport:
            asyncio.get_running_loop().call_soon(server.transport.close)
        return f"250 2.0.0 OK taken as number {len(self.messages)}"

    def _refusal(self, command: str, address: str) -> str:
        for refusal in self._refusals:
            is_spent = refusal.times is not None and refusal.used >= refusal.times
            if refusal.command == command and refusal.to in address and not is_spent:
                refusal.used += 1
                return refusal.answer
        return ""


def free_port() -> int:
    """A port on loopback that nothing listens on."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def smtp_sink() -> Iterator[SmtpSink]:
    """Run a sink on a free port of loopback."""
    sink = SmtpSink(port=free_port())
    controller = Controller(sink, hostname=sink.host, port=sink.port)
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()
