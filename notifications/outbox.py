"""The outbox: a message is a row, written in the same transaction as what it tells about.

Nothing here sends (`delivery` does). A row that is rolled back was never a message; a second row
with the same dedupe key is none either.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection, models, transaction

from incidentdesk.kernel import clocks, worker
from incidentdesk.kernel.models import User
from notifications import rendering, ways
from notifications.models import ContactMethod, Message, MessageEvent

_Channel = ContactMethod.Channel
# The channels that wait on other people's servers.
ELSEWHERE: tuple[str, ...] = (_Channel.WEBHOOK.value, _Channel.CHAT.value)
_quiet: ContextVar[bool] = ContextVar("notifications_quiet", default=False)


@dataclass(frozen=True)
class Draft:
    """A message before it is written; `to` is a person or an address.

    A mail is rendered from its `context`, and so is what goes by a person's `method`; what a
    partner's programs are sent stands in `payload`. A page to a person gets their first way. What
    `repeats` another message goes the way it is told to, with the words of that one unless it has a
    `context` of its own.
    """

    kind: str
    to: str | User
    about: str
    dedupe_key: str
    context: Mapping[str, Any] = field(default_factory=dict)
    is_page: bool = False
    zone: str = "UTC"  # in which its reader reads times
    channel: str = _Channel.EMAIL.value
    payload: str = ""
    line: str = ""  # whose share of the sender's time it takes
    reply_to: str = ""  # where an answer goes, if not to the sender of every mail
    is_held: bool = False  # it waits to be sent in a list (`bundling`)
    method: ContactMethod | None = None
    way: int = 1  # of those by which the person is told the same
    has_next: bool = False  # whether there is a further way
    repeats: Message | None = None
    names: Collection[str] = ()  # what a list names, each as `about` would

    @property
    def asks_for_way(self) -> bool:
        """Whether it goes by whatever way its person wants."""
        is_settled = self.is_held or self.way > 1 or self.repeats is not None
        return self.is_page and isinstance(self.to, User) and not is_settled


QUIET = "It was written by loading the past, such as the demo data; nobody is mailed of that."


@contextmanager
def quiet() -> Iterator[None]:
    """Inside, messages are written but never sent and escalations page nobody.

    For loading data that lies in the past.
    """
    token = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(token)


def is_quiet() -> bool:
    """Whether the code runs inside `quiet()`."""
    return _quiet.get()


def queue(
    *,
    kind: str,
    to: str | User,
    context: Mapping[str, Any],
    about: str,
    dedupe_key: str,
    at: datetime,
    is_page: bool = False,
    zone: str = "UTC",
    reply_to: str = "",
    names: Collection[str] = (),
) -> Message | None:
    """Write one message and, after the commit, wake the sender; None if the key was there already.

    `context` is what `templates/email/<kind>/` needs; it is rendered now.
    """
    draft = Draft(
        kind, to, about, dedupe_key, context, is_page, zone, reply_to=reply_to, names=names
    )
    written = queue_many([draft], at=at)
    return written[0] if written else None


def queue_many(drafts: Iterable[Draft], *, at: datetime) -> list[Message]:
    """Write several messages in a fixed number of queries; returns those that are new.

    What is to go now is due now by the database's clock, by which senders look.
    """
    require_transaction()
    drafts = list(drafts)
    if not drafts:
        return []
    at = clocks.by_database(at)
    rows = [_row(draft, at=at) for draft in _by_first_way(drafts, at=at)]
    Message.objects.bulk_create(rows, ignore_conflicts=True)
    # ON CONFLICT DO NOTHING does not say which rows went in; our own Message-IDs do.
    written = list(Message.objects.filter(message_id__in=[row.message_id for row in rows]))
    MessageEvent.objects.bulk_create(
        MessageEvent(message=message, at=at, event=message.state, detail=message.last_error)
        for message in written
    )
    _wake({message.channel for message in written if message.state == Message.State.QUEUED})
    return written


def known(keys: Iterable[str]) -> set[str]:
    """Which of these dedupe keys messages have already."""
    found = Message.objects.filter(dedupe_key__in=list(keys))
    return set(found.values_list("dedupe_key", flat=True))


def end(
    rows: models.QuerySet[Message], how: Message.State, words: str, *, at: datetime
) -> list[int]:
    """These messages are over, as `how`, and nothing of them is tried any more; each log says why.

    Answers which, of those that are still of `rows` under their lock. One that is under way right
    now arrives all the same.
    """
    require_transaction()
    locked = rows.select_for_update(of=("self",), no_key=True).order_by("pk")
    ids = list(locked.values_list("pk", flat=True))
    error = "" if how == Message.State.DELIVERED else words
    Message.objects.filter(pk__in=ids).update(
        state=how, next_try_at=None, next_way_at=None, last_error=error
    )
    MessageEvent.objects.bulk_create(
        MessageEvent(message_id=pk, at=at, event=how, detail=words) for pk in ids
    )
    return ids


def _wake(channels: Collection[str]) -> None:
    """Nudge who sends what was written: what waits on others has a sender of its own."""
    if set(channels) - set(ELSEWHERE):
        worker.wake("notifications.jobs.deliver", queue="page")
    if set(channels) & set(ELSEWHERE):
        worker.wake("notifications.jobs.deliver_webhooks", queue="webhooks")


def message_id() -> str:
    """A new Message-ID: random and of our own domain, so that it tells nothing of this machine."""
    return f"<{uuid.uuid4().hex}@{urlsplit(settings.SITE_URL).hostname}>"


def require_transaction() -> None:
    """Refuse to write outside the caller's transaction: state and message go together."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "A message is written in the transaction of the use case that it tells about; "
            "there is none here."
        )


def _by_first_way(drafts: list[Draft], *, at: datetime) -> list[Draft]:
    """Each page by the first way that its person has for its severity at this hour. One query."""
    people = {draft.to.pk for draft in drafts if draft.asks_for_way and isinstance(draft.to, User)}
    known = ways.usable(people) if people and not is_quiet() else {}
    return [_by_way(draft, known, at=at) if draft.asks_for_way else draft for draft in drafts]


def _by_way(draft: Draft, known: Mapping[int, list[ContactMethod]], *, at: datetime) -> Draft:
    person = cast(User, draft.to)
    choice = ways.next_of(
        person, known.get(person.pk, []), draft.context.get("severity"), tried=(), at=at
    )
    if choice is None:
        return draft
    return replace(draft, method=choice.method, has_next=choice.has_next)


def _text(draft: Draft, *, at: datetime) -> rendering.Rendered:
    if draft.repeats is not None and not draft.context:
        former = draft.repeats
        return rendering.Rendered(former.subject, former.body_text, former.body_html)
    if draft.payload:
        return rendering.Rendered(draft.kind, draft.payload, "")
    if draft.method is not None and draft.method.channel == _Channel.CHAT:
        return rendering.short(draft.kind, draft.context)
    if draft.method is not None and draft.method.channel == _Channel.WEBHOOK:
        return rendering.for_program(draft.kind, draft.context, at=at)
    return rendering.render(draft.kind, draft.context, zone=draft.zone)


def _row(draft: Draft, *, at: datetime) -> Message:
    text, method = _text(draft, at=at), draft.method
    user = draft.to if isinstance(draft.to, User) else None
    address = user.email if user else str(draft.to).strip()
    line = draft.line if method is None else f"{ways.LINE}{method.user_id}:{method.pk}"
    state = Message.State.HELD if draft.is_held else Message.State.QUEUED
    if is_quiet():
        state = Message.State.SUPPRESSED
    return Message(
        kind=draft.kind,
        channel=method.channel if method else draft.channel,
        to_address=method.shown if method else address,
        to_user=user,
        subject=text.subject,
        body_text=text.text,
        body_html=text.html,
        about=draft.about,
        names=sorted(draft.names) or None,
        dedupe_key=draft.dedupe_key,
        message_id=message_id(),
        line=line if method is None or method.channel in ELSEWHERE else "",
        method=method,
        way=draft.way,
        repeats=draft.repeats,
        facts=dict(draft.context) if user and draft.is_page else None,
        next_way_at=at + ways.NEXT_AFTER
        if draft.has_next and state == Message.State.QUEUED
        else None,
        reply_to=draft.reply_to,
        is_page=draft.is_page,
        state=state,
        next_try_at=at if state == Message.State.QUEUED else None,
        last_error=QUIET if is_quiet() else "",
        created_at=at,
    )
