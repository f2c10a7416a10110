"""A message that a person had sent again: a new message, which names the one that it repeats. That
one stays as it is, but for a line in its log.

Steps of the package that owns what a message is about: it says who may, and whether what the
message tells still holds; what the post office itself knows, `why_not` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from notifications import outbox, pages, ways
from notifications.models import (
    ContactMethod,
    Escalation,
    EscalationStep,
    Message,
    MessageEvent,
    Severity,
)
from notifications.outbox import Draft
from notifications.rotas import oncall

APART = timedelta(minutes=1)  # between two that a person asks for of one message
_WEBHOOK = ContactMethod.Channel.WEBHOOK
_INSTEAD = {
    "method_code": "Its code is over; ask for a new one on the page of that way.",
    "method_test": "A test is asked for anew on the page of the way that it tests.",
    "pages": "A list names what was open then; page the person about one incident.",
}


def locked(message_id: int) -> Message:
    """The message, its row locked until the transaction ends, and that of the one it repeats: what
    was sent again is counted there."""
    first = Message.objects.filter(repeated_by=message_id).values("pk")
    rows = Message.objects.select_for_update(of=("self",), no_key=True).order_by("pk")
    found = rows.select_related("to_user", "method", "repeats")
    return list(found.filter(Q(pk=message_id) | Q(pk__in=first)))[-1]


def first_of(message: Message) -> Message:
    """The message that it repeats, or the message itself."""
    return message.repeats or message


def why_not(message: Message, *, at: datetime) -> str:
    """Why it is not sent again, in a sentence; '' if nothing that the post office knows is in the
    way. Five queries at most."""
    if message.state in Message.WAITS:
        return "It still waits to be sent; nothing has to be sent again yet."
    if message.kind in _INSTEAD:
        return _INSTEAD[message.kind]
    if message.channel == _WEBHOOK and message.method_id is None:
        return "What a partner's program is sent, its partner has sent again in the portal."
    repeats = first_of(message).repeated_by
    if repeats.filter(state__in=Message.WAITS).exists():
        return "It is being sent again already; look at its log."
    if repeats.filter(created_at__gt=at - APART).exists():
        return "It was sent again less than a minute ago; wait for what comes of that."
    return _of_person(message) or (_of_page(message) if message.is_page else "")


def by_way(message: Message) -> str:
    """By which way it goes: `by “Phone”, ntfy`, `by mail to ada@desk.test`."""
    if message.method is not None:
        return f"by “{message.method}”, {message.to_address}"
    if message.channel == _WEBHOOK:
        return f"by webhook to {message.to_address}"
    address = message.to_user.email if message.to_user else message.to_address
    return f"by mail to {address}"


def again(message: Message, words: Mapping[str, Any], *, by_name: str, at: datetime) -> Message:
    """Write the new message; `message` is locked, and nothing is in the way.

    It repeats the message that was written first, whichever of its repeats it was asked of. A page
    to a person is worded anew, with `words` where they differ by now and a link that works;
    anything else goes out word for word.
    """
    step = pages.step_of(message.dedupe_key)
    first = first_of(message)
    mark = f"again:{first.pk}:{first.repeated_by.count() + 1}"
    context = _worded_anew(message, words, step, at=at) if message.facts is not None else {}
    draft = Draft(
        kind=message.kind,
        to=message.to_user or message.to_address,
        about=message.about,
        # A page of a step stays one: it is called off with its ladder.
        dedupe_key=mark if step is None else f"{pages.KIND}:{step}:{mark}",
        context=context,
        is_page=message.is_page,
        reply_to=message.reply_to,
        method=message.method,
        has_next=bool(context),
        repeats=first,
    )
    (made,) = outbox.queue_many([draft], at=at)
    _log(message, f"{by_name} asked for it: message {made.pk}, {by_way(made)}", at=at)
    _log(made, f"{by_name} asked for it; it repeats message {first.pk}", at=at)
    return made


def _of_person(message: Message) -> str:
    """Whoever left, and a way that is gone, are sent nothing."""
    person, method = message.to_user, message.method
    if person is not None and not person.is_active:
        return f"{person} does not work here any more; tell somebody else."
    if method is not None and method not in ways.usable([method.user_id]).get(method.user_id, ()):
        return f"“{method}” is not in use any more; page {person} anew, by the ways there are now."
    return ""


def _of_page(message: Message) -> str:
    person, step = message.to_user, pages.step_of(message.dedupe_key)
    if person is not None and message.facts is None:
        return f"What it was written from is not kept; page {person} from the incident."
    if person is not None and not oncall.pageable().filter(pk=person.pk).exists():
        return f"{person} may not acknowledge any more; page somebody else."
    if person is None and not _is_on_a_path(message.to_address):
        return f"{message.to_address} stands in no escalation path any more."
    if step is None:
        return ""
    row = Escalation.objects.filter(pk=step).first()
    if row is None or row.state == Escalation.State.RUNNING:
        return ""
    if row.acknowledged_by:
        return f"{row.acknowledged_by} acknowledged it; page {person or 'somebody'} anew if needed."
    return "Its escalation has ended; page somebody from the incident if it is needed."


def _is_on_a_path(address: str) -> bool:
    """Whether an outside contact is still told of anything."""
    steps = EscalationStep.objects.filter(path__is_active=True)
    return steps.filter(addresses__contains=[address]).exists()


def _worded_anew(
    message: Message, words: Mapping[str, Any], step: int | None, *, at: datetime
) -> dict[str, Any]:
    """The facts of a page as they are by now."""
    facts: dict[str, Any] = message.facts or {}
    facts = {**facts, **{key: value for key, value in words.items() if key in facts}}
    if facts.get("severity") and "severity_label" in facts:
        facts["severity_label"] = Severity(facts["severity"]).label
    running = Escalation.objects.filter(about=message.about, state=Escalation.State.RUNNING).first()
    if "ack_link" in facts and message.to_user is not None:
        link = pages.ack_link(running, message.to_user, at=at) if running else ""
        facts["ack_link"] = link
    if step is not None and running is not None:
        facts["why"] = pages.why(running, at=at)
    return facts


def _log(message: Message, words: str, *, at: datetime) -> None:
    MessageEvent.objects.create(
        message=message, at=at, event=MessageEvent.Event.RESENT, detail=words
    )
