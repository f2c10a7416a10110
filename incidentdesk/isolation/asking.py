"""One reader asks one thing; what it did is judged, and taken back before the next is asked."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.test import Client

from incidentdesk.isolation import reach
from incidentdesk.isolation.canaries import readable
from incidentdesk.isolation.cast import Cast
from incidentdesk.kernel.models import User
from notifications.models import Message

_WRITES = ("INSERT", "UPDATE", "DELETE", "TRUNCATE", "WITH")
_EVERY_TIME = ("kernel_session", "kernel_sentform")  # what asking itself leaves
HOPS = 3
JSON = "application/json"


@dataclass(frozen=True)
class Answer:
    """What came back: the first status, and all that could be read on the way."""

    status: int
    text: str
    page: str


@dataclass
class Outcome:
    """An answer, and what else happened while it was made."""

    answer: Answer
    changed: list[str] = field(default_factory=list)  # tables with changed rows of another
    mailed: list[str] = field(default_factory=list)  # what mails to the reader's side gave away
    own_changed: list[str] = field(default_factory=list)  # tables with changed rows of its own


@dataclass
class Reader:
    """Somebody in front of the desk: a person of the reader's partner, or nobody known."""

    name: str
    browser: Client
    cookies: SimpleCookie
    has_token: bool = False

    @classmethod
    def of(cls, user: User | None, name: str) -> Reader:
        """Log the person in."""
        host = urlsplit(settings.SITE_URL).hostname or "localhost"
        browser = Client(raise_request_exception=False, SERVER_NAME=host)
        if user is not None:
            browser.force_login(user)
        return cls(name, browser, browser.cookies)

    @classmethod
    def with_token(cls, secret: str, name: str) -> Reader:
        """A program that has this person's token, and no cookie."""
        host = urlsplit(settings.SITE_URL).hostname or "localhost"
        heads = {"Authorization": f"Bearer {secret}"} if secret else {}
        browser = Client(raise_request_exception=False, SERVER_NAME=host, headers=heads)
        return cls(name, browser, browser.cookies, bool(secret))

    @property
    def is_known(self) -> bool:
        """Whether anybody is logged in, or has a token."""
        return self.has_token or bool(self.cookies)

    def client(self) -> Client:
        """The browser with this session, whatever became of it in an earlier try."""
        kept = {name: morsel.value for name, morsel in self.cookies.items()}
        self.browser.cookies = SimpleCookie(kept)
        return self.browser


class Asker:
    """Asks, compares the database before and after, and takes everything back."""

    def __init__(self, cast: Cast, mails: Path) -> None:
        self.cast, self.mails = cast, mails
        self.before, self.written = self._held(), reach.writes_so_far()
        self.last_message = (
            Message.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        )

    def ask(
        self,
        reader: Reader,
        method: str,
        path: str,
        data: dict[str, Any] | None = None,
        *,
        hops: int = HOPS,
    ) -> Outcome:
        """Ask for a page or send a form, and follow where the answer leads."""
        wrote: list[str] = []
        with transaction.atomic():
            with connection.execute_wrapper(_noting(wrote)):
                answer = self._answer(reader, method, path, data or {}, hops)
            outcome = Outcome(answer)
            if not connection.needs_rollback:
                written = _without_echo(self._mails(wrote=bool(wrote)), path, data or {})
                outcome.mailed = strangers_words(self.cast, written)
                if wrote:
                    outcome.changed, outcome.own_changed = self._changed()
            transaction.set_rollback(True)
        return outcome

    def _answer(
        self, reader: Reader, method: str, path: str, data: dict[str, Any], hops: int
    ) -> Answer:
        client = reader.client()
        kind = {"content_type": JSON} if path.startswith("/api/") and method == "post" else {}
        response = getattr(client, method)(path, data, secure=settings.IS_HTTPS, **kind)
        status, seen = response.status_code, [_read(response)]
        page = seen[0]
        for _ in range(hops):
            to = response.headers.get("Location", "")
            if not to.startswith("/") or connection.needs_rollback:
                break
            response = client.get(to, secure=settings.IS_HTTPS)
            seen.append(_read(response))
            status = response.status_code if response.status_code >= 500 else status
        return Answer(status, _without_echo("\n".join(seen), path, data), page)

    def _held(self, touched: set[str] | None = None) -> list[dict[str, list[dict[str, Any]]]]:
        sides = (self.cast.a, self.cast.b)
        return [reach.everything_of(one.partner, one.people, touched=touched) for one in sides]

    def _changed(self) -> list[list[str]]:
        """The tables in which rows of the other partner, and of the reader's own, changed.

        Read again is only what was written to since the last time, as the database counts it.
        """
        last, self.written = self.written, reach.writes_so_far()
        touched = {table for table, rows in self.written.items() if rows != last.get(table)}
        pairs = zip(self._held(touched if self.written else None), self.before, strict=True)
        return [sorted(t for t, rows in now.items() if rows != then[t]) for now, then in pairs]

    def _mails(self, *, wrote: bool) -> str:
        """What new messages to the reader's people and programs say, in the outbox or sent at
        once."""
        own, texts = [user.email for user in self.cast.b.users.values()], []
        if wrote:
            new = Message.objects.filter(pk__gt=self.last_message)
            ours = Q(to_address__in=own) | Q(delivery__partner=self.cast.b.partner)
            rows = new.filter(ours).values_list("subject", "body_text", "body_html")
            texts += ["\n".join(map(str, row)) for row in rows]
        for file in self.mails.glob("*.eml"):
            written = file.read_text(encoding="utf-8", errors="replace")
            file.unlink()
            if any(f"to: {address}" in written.lower() for address in own):
                texts.append(written)
        return "\n".join(texts)


def strangers_words(cast: Cast, text: str) -> list[str]:
    """What in a text the reader must not learn."""
    return [*cast.a.words.found_in(text), *cast.desk.found_in(text)]


def _noting(wrote: list[str]) -> Callable[..., Any]:
    """Notes that a statement changed something, so that rows are compared only then."""

    def note(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        text = str(sql)
        if text.lstrip().upper().startswith(_WRITES) and not any(t in text for t in _EVERY_TIME):
            wrote.append(text[:60])
        return execute(sql, params, many, context)

    return note


def _read(response: Any) -> str:
    """Headers, cookies and content, as text."""
    heads = [f"{name}: {unquote(value)}" for name, value in response.items()]
    cookies = [unquote(morsel.OutputString()) for morsel in response.cookies.values()]
    return "\n".join([*heads, *cookies, readable(response.getvalue())])


def _without_echo(text: str, path: str, data: dict[str, Any]) -> str:
    """What the reader sent itself may come back: it tells nothing that was not known."""
    sent = {path, unquote(path), *unquote(path).split("/")}
    sent |= {str(value) for value in data.values()}
    forms = {form for v in sent for form in (v, quote(v, safe="/"), quote(v, safe=""))}
    for form in sorted(forms, key=len, reverse=True):
        if len(form) > 3 and form in text:  # as a word: more than what was sent is an answer
            text = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", "…", text)
    return text
