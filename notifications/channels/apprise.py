"""Chats and phones, and the door to the Apprise library, which knows how each of them is spoken to.

Only services of the list below, which are called over HTTPS and touch nothing of this machine. A
call goes to the public internet alone (or to a host that CHAT_HOSTS names), and is hung up after
ten seconds: the library has no deadline of its own.
"""

from __future__ import annotations

import logging
import re
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import apprise
from django.conf import settings

from incidentdesk.kernel import networks, outgoing
from incidentdesk.kernel.errors import InvalidInput
from notifications.channels import bounded
from notifications.channels.channel import Answer, Outcome
from notifications.models import Message

WHOLE_SECONDS = 10.0
_SAFE = """
slack workflow workflows tgram discord gchat wxteams webex zulip guilded line whatsapp threema
feishu lark dingtalk wecombot spike revolt mmosts rockets matrixs nctalks synologys ntfys gotifys
signals barks pover pbul prowl push pushy pushme simplepush chanify onesignal opsgenie pagerduty
splunk victorops signl4 twilio sns nexmo vonage msgbird plivo sinch telnyx infobip clickatell
clicksend d7sms bulksms bulkvs kavenegar seven 46elks elks voipms httpsms smsmgr smsmanager
smseagles freemobile burstsms jsons
"""
SAFE = frozenset(_SAFE.split())
# The same without TLS: to hosts of one's own only.
_PLAIN = "mmost rocket matrix nctalk synology ntfy gotify signal bark smseagle json"
PLAIN = frozenset(_PLAIN.split())
# Settings in an address that read files, or weaken or stretch the call.
BARRED = frozenset({"template", "verify", "cto", "rto", "redirect", "retry", "wait"})
_CODE = re.compile(r"error[ =]+(\d{3,5})\b")
_FINAL = frozenset({400, 401, 403, 404, 410})
_NO_SUCH_NUMBER = range(21_000, 22_000)  # Twilio's own codes, instead of HTTP's
logger = logging.getLogger(__name__)


def checked(url: str) -> str:
    """What the service at this address is called; InvalidInput, in words, if it cannot be used."""
    return str(_plugin(url).service_name)


@dataclass
class ChatCall:
    """One message that is ready to go: nothing but the network is needed any more."""

    message: Message
    url: str

    def answer(self) -> Answer:
        """Send it; whatever goes wrong is an answer, never an exception."""
        if not self.url:
            return Answer(Outcome.REFUSED, "This way was removed before this was sent.")
        leash = bounded.Leash(_check(self.url))
        said: list[str] = []
        words = ""
        token = _said.set(said)
        try:
            plugin = _plugin(self.url)
            with bounded.within(WHOLE_SECONDS, leash):
                is_taken = plugin.notify(body=self.message.body_text, title="")
        except InvalidInput as error:
            return Answer(Outcome.REFUSED, str(error))
        except Exception as error:  # noqa: BLE001 -- a plugin's fault must not stop the others
            is_taken = False
            words = _words(error)
        finally:
            _said.reset(token)
            leash.let_go()
        return _answer(is_taken, said, words, is_late=leash.is_over)


class AppriseChannel:
    """Hands messages to chats and phone services; nothing stays open between two."""

    def prepared(self, message: Message) -> ChatCall:
        """All that the database has to say about a call, so that threads can make it."""
        return ChatCall(message, message.method.address if message.method else "")

    def send(self, message: Message) -> Answer:
        """Send one message; see `Channel`."""
        return self.prepared(message).answer()

    def after(self, message: Message, answer: Answer, *, at: datetime) -> None:
        """Nobody else has to be told."""

    def close(self) -> None:
        """Nothing stays open between two messages."""


def _plugin(url: str) -> Any:
    """The library's object for an address that may be used; InvalidInput otherwise."""
    scheme = url.partition("://")[0].strip().lower()
    if scheme not in SAFE | PLAIN:
        raise _refusal(
            "Give an address of a chat or phone service as Apprise has it, such as "
            "tgram://token/chat; it is not one that this desk uses."
        )
    if scheme in PLAIN and not _is_own(url):
        raise _refusal(f"Use {scheme}s:// instead: {scheme}:// sends in clear.")
    if BARRED & {name.lower().lstrip("+-:") for name in _options(url)}:
        raise _refusal(f"Leave these out of the address: {', '.join(sorted(BARRED))}.")
    found = apprise.Apprise.instantiate(url, asset=_asset())
    if found is None:
        raise _refusal("This address is not complete, or not as its service wants it.")
    if len(found) > 1:  # where one of them fails, each try would reach the others again
        raise _refusal("Give one number, chat or channel in an address; add a way for each other.")
    return found


def _options(url: str) -> list[str]:
    query = url.partition("?")[2]
    return list(parse_qs(query, keep_blank_values=True))


def _asset() -> Any:
    return apprise.AppriseAsset(
        app_id="Incident desk",
        app_desc="Incident desk",
        app_url=settings.SITE_URL,
        async_mode=False,
        secure_logging=True,
        plugin_paths=[],
    )


def _is_own(url: str) -> bool:
    """Whether the address is on a host that the operator named; tests name this machine."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if settings.WEBHOOK_LOOPBACK and host in ("127.0.0.1", "localhost"):
        return True
    return bool({host, f"{host}:{port}"} & set(settings.CHAT_HOSTS))


def _check(url: str) -> bounded.Check | None:
    return None if _is_own(url) else _require_public


def _require_public(address: Any) -> None:
    """Refuse to connect to anything but the public internet's web ports."""
    if not isinstance(address, tuple) or not networks.is_public(str(address[0])):
        raise outgoing.NotPublic
    if not outgoing.is_web_port(int(address[1])):
        raise outgoing.NotThatPort


def _answer(is_taken: object, said: list[str], words: str, *, is_late: bool) -> Answer:
    """What became of it, in words of ours: what the library says names numbers and addresses."""
    if is_taken:
        return Answer(Outcome.ACCEPTED, "The service took it.")
    if is_late:
        return Answer(Outcome.LATER, "The service did not answer within ten seconds.")
    found = _CODE.search(" ".join(said))
    code = int(found[1]) if found else 0
    words = words or f"The service did not take it{f' (error {code})' if code else ''}."
    is_final = code in _FINAL or code in _NO_SUCH_NUMBER
    return Answer(Outcome.REFUSED if is_final else Outcome.LATER, words)


def _words(error: Exception) -> str:
    if isinstance(error, outgoing.NotPublic):
        return str(error)
    if isinstance(error, OSError):
        return "The service could not be reached, or hung up."
    logger.error("a chat could not be called", exc_info=error)
    return "Something went wrong at the desk."


def _refusal(sentence: str) -> InvalidInput:
    return InvalidInput(sentence, field="address")


# What the library has to say it says to its log; each call listens to its own.
_said: ContextVar[list[str] | None] = ContextVar("notifications_said", default=None)


class _Ear(logging.Handler):
    """Keeps the warnings of the call that is under way."""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        said = _said.get()
        if said is not None:
            said.append(record.getMessage())


logging.getLogger("apprise").addHandler(_Ear(level=logging.WARNING))
