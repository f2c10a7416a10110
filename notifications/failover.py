"""What happens when a way does not work: the person is told by the next one, at once where it was
refused for good and within a minute where it only does not work now; three refusals in a row make a
method bad, and its person is told.

Steps of the sender's marks, inside their transaction, and `follow_due`, which is a job's.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import F

from incidentdesk.kernel import due
from incidentdesk.kernel.models import User
from notifications import outbox, pages, ways
from notifications.models import ContactMethod, Escalation, Message, MessageEvent

BAD_AFTER = 3  # refusals for good in a row
URL = "/admin/notifications/contactmethod/"
RUN_LIMIT = 200
_LATE = "It was not handed over within a minute."
_UNHEARD = "Its provider did not tell of its delivery."


def refused(message: Message, words: str, *, at: datetime, is_gone: bool = False) -> None:
    """It will never go by this way: count it, and tell the person by the next one."""
    if message.method_id is not None:
        _count(message.method_id, words, at=at, is_gone=is_gone)
    follow(message, words, at=at)


def went(message: Message) -> None:
    """Its way works: what was counted against it, and that it was bad, is forgotten."""
    if message.method_id is not None:
        counted = ContactMethod.objects.filter(pk=message.method_id, failures__gt=0)
        counted.update(failures=0, bad_since=None, bad_because="")


def follow(message: Message, why: str, *, at: datetime) -> Message | None:
    """Tell the person the same by their next way; None if none is left, or nobody needs it."""
    Message.objects.filter(pk=message.pk, next_way_at__isnull=False).update(next_way_at=None)
    person = message.to_user
    if message.facts is None or person is None or not person.is_active or _is_over(message):
        return None
    group = _group(message)
    keys = [group, *(f"{group}:m{number}" for number in range(2, message.way + 1))]
    tried = set(Message.objects.filter(dedupe_key__in=keys).values_list("method_id", flat=True))
    methods = ways.usable([person.pk]).get(person.pk, [])
    choice = ways.next_of(person, methods, message.facts.get("severity"), tried=tried, at=at)
    written = _written(message, person, choice, f"{group}:m{message.way + 1}", at=at)
    if written:
        _note(message, f"{why} → {written[0].to_address}", at=at)
    return written[0] if written else None


def follow_due(*, at: datetime) -> int:
    """Go on by the next way where one is due; answers how many were looked at."""
    rows = Message.objects.filter(next_way_at__lte=at)
    order = ("next_way_at", "id")
    return len(due.each(rows, partial(_follow_one, at=at), most=RUN_LIMIT, order=order))


def _follow_one(row: Message, *, at: datetime) -> None:
    is_out = row.state == Message.State.SENT
    if is_out or row.state in (Message.State.QUEUED, Message.State.SENDING):
        follow(row, _UNHEARD if is_out else _LATE, at=at)
    else:
        Message.objects.filter(pk=row.pk).update(next_way_at=None)


def _written(
    message: Message, person: User, choice: ways.Way | None, key: str, *, at: datetime
) -> list[Message]:
    if choice is None:
        return []
    draft = outbox.Draft(
        kind=message.kind,
        to=person,
        about=message.about,
        names=message.names or (),
        dedupe_key=key,
        context=message.facts or {},
        is_page=True,
        method=choice.method,
        way=message.way + 1,
        has_next=choice.has_next,
    )
    return outbox.queue_many([draft], at=at)


def _group(message: Message) -> str:
    """What the messages of one page have in common: the key of the first."""
    key = message.dedupe_key
    return key if message.way == 1 else key.removesuffix(f":m{message.way}")


def _is_over(message: Message) -> bool:
    """Whether the ladder of which it was a step has stopped."""
    escalation_id = pages.step_of(message.dedupe_key)
    if escalation_id is None:
        return False
    running = Escalation.objects.filter(pk=escalation_id, state=Escalation.State.RUNNING)
    return not running.exists()


def still_asked_for(claimed: Sequence[Message], *, at: datetime) -> list[Message]:
    """Of claimed messages those to send: no page of a step whose ladder stopped meanwhile."""
    steps = {message.pk: pages.step_of(message.dedupe_key) for message in claimed}
    asked = {step for step in steps.values() if step is not None}
    if not asked:
        return list(claimed)
    running = Escalation.objects.filter(pk__in=asked, state=Escalation.State.RUNNING)
    live = {None, *running.values_list("pk", flat=True)}
    over = [message.pk for message in claimed if steps[message.pk] not in live]
    if over:
        _let_go(over, at=at)
    return [message for message in claimed if steps[message.pk] in live]


@transaction.atomic
def _let_go(ids: Collection[int], *, at: datetime) -> None:
    """Pages that were claimed are not sent: their ladders stopped while they waited their turn."""
    words = "It was acknowledged, or over, before it was sent."
    rows = Message.objects.filter(pk__in=ids, state=Message.State.SENDING)
    outbox.end(rows, Message.State.SUPERSEDED, words, at=at)


def _count(method_id: int, words: str, *, at: datetime, is_gone: bool) -> None:
    """One more refusal; the last of several makes the method bad, and its person is told."""
    rows = ContactMethod.objects.filter(pk=method_id)
    rows.update(failures=F("failures") + 1)
    enough = 1 if is_gone else BAD_AFTER
    turned = rows.filter(bad_since=None, removed_at=None, failures__gte=enough)
    if not turned.update(bad_since=at, bad_because=words[:300]):
        return
    method = rows.select_related("user").get()
    outbox.queue(
        kind="method_bad",
        to=method.user,
        context={"label": method.label, "shown": method.shown, "words": words, "url": URL},
        about="",
        dedupe_key=f"method_bad:{method.pk}:{at.isoformat()}",
        at=at,
    )


def _note(message: Message, words: str, *, at: datetime) -> None:
    MessageEvent.objects.create(
        message=message, at=at, event=MessageEvent.Event.FOLLOWED, detail=words
    )
