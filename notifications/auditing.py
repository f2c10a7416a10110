"""What the auditor looks at here: steps and messages whose time has come, and times that cannot be.

Each check answers faults in sentences, with what mends them. Lateness counts from `since` at the
earliest: what fell due while the whole desk was down is not late a moment after its start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Max, Min, Q, QuerySet
from django.db.models.functions import Least

from incidentdesk.kernel import clocks, findings, worker
from incidentdesk.kernel.findings import Fault
from notifications import bundling
from notifications.channels import email
from notifications.models import ContactMethod, Escalation, Message, MessageEvent
from notifications.outbox import ELSEWHERE

LATE = timedelta(seconds=60)
HELD_LATE = bundling.WITHIN + bundling.APART  # by then a list has gone, whatever came before it
LATELY = timedelta(minutes=10)  # a mail that was refused before that says nothing of now
MOST = 1000  # rows that are counted, and mended at once
_SCHEDULER = findings.waking("The scheduler was woken.", {"notifications.jobs.escalate": "page"})
_SENDERS = findings.waking(
    "The senders were woken.",
    {"notifications.jobs.deliver": "page", "notifications.jobs.deliver_webhooks": "webhooks"},
)

# In its first round a step is due so long after the start, later on at most one repeat from now.
# What is later than that was set by a clock that jumped; so was a start that lies ahead.
_FAR = """
    SELECT e.id FROM notifications_escalation AS e
    LEFT JOIN notifications_escalationpath AS p ON p.id = e.path_id
    LEFT JOIN LATERAL (
        SELECT after_minutes FROM notifications_escalationstep
        WHERE path_id = p.id AND position >= e.next_position AND e.round = 0
        ORDER BY position LIMIT 1
    ) AS next ON true
    WHERE e.state = 'running' AND e.next_action_at > %(late)s AND (
        e.started_at > %(late)s OR e.next_action_at > %(slack)s + coalesce(
            least(e.started_at, %(at)s) + make_interval(mins => next.after_minutes),
            %(at)s + make_interval(mins => greatest(p.repeat_minutes, 15))
        )
    )
    ORDER BY e.id LIMIT %(most)s
"""


def overdue_steps(*, at: datetime, since: datetime) -> Iterator[Fault]:
    """Steps of escalations whose time came over a minute ago."""
    due = Escalation.objects.filter(state=Escalation.State.RUNNING)
    rows = due.filter(next_action_at__lt=at - LATE).order_by("next_action_at")
    yield from _late(
        rows.values_list("next_action_at", flat=True),
        ("escalation", "escalations"),
        _SCHEDULER,
        at=at,
        since=since,
    )


def overdue_messages(*, at: datetime, since: datetime) -> Iterator[Fault]:
    """Messages whose time, or whose sender's lease, ended over a minute ago.

    Not what is told to partners' programs: their lines wait for their servers, and for each other.
    """
    waiting = Message.objects.filter(state__in=[Message.State.QUEUED, Message.State.SENDING])
    rows = waiting.exclude(channel__in=ELSEWHERE, is_page=False).filter(next_try_at__lt=at - LATE)
    yield from _late(
        rows.order_by("next_try_at").values_list("next_try_at", flat=True),
        ("message", "messages"),
        _SENDERS,
        at=at,
        since=since,
    )


def forgotten_pages(*, at: datetime, since: datetime) -> Iterator[Fault]:
    """Pages that wait for a list which should have gone by now."""
    held = Message.objects.filter(state=Message.State.HELD, created_at__lt=at - HELD_LATE)
    yield from _late(
        held.order_by("created_at").values_list("created_at", flat=True),
        ("page for a list", "pages for a list"),
        _SCHEDULER,
        at=at,
        since=since + HELD_LATE - LATE,
    )


def far_steps(*, at: datetime, since: datetime) -> Iterator[Fault]:
    """Steps that lie further ahead than their path can have set them: a clock has jumped."""
    values: dict[str, Any] = {"at": at, "late": at + LATE, "slack": LATE, "most": MOST}
    with connection.cursor() as cursor:
        cursor.execute(_FAR, values)
        ids = [pk for (pk,) in cursor.fetchall()]
    if ids:
        last = Escalation.objects.filter(pk__in=ids).aggregate(last=Max("next_action_at"))["last"]
        number = findings.number(ids, "escalation", "escalations", most=MOST)
        words = f"{number} would have waited until {last:%-d %b %H:%M} UTC"
        yield Fault(
            "far steps",
            f"{words}, longer than any path says: a clock has jumped.",
            mend=lambda: _pull_in(ids, at=at),
        )


@transaction.atomic
def _pull_in(ids: list[int], *, at: datetime) -> str:
    """Their next step is due now, and no start lies ahead."""
    rows = Escalation.objects.filter(pk__in=ids, state=Escalation.State.RUNNING)
    list(rows.select_for_update(of=("self",), no_key=True).order_by("pk").values_list("pk"))
    rows.filter(next_action_at__gt=at).update(
        next_action_at=at, started_at=Least(F("started_at"), at)
    )
    worker.wake("notifications.jobs.escalate", queue="page")
    return "Their next steps were set to now."


def refused_mail(*, at: datetime, since: datetime) -> Iterator[Fault]:
    """The mail server takes no mail of ours. It is asked, and nothing sent, once a mail could not
    be handed over. If it has nothing against us then, pages to several recipients must wait for it:
    one mailbox that is full is no fault of the desk's."""
    mails = Message.objects.filter(channel=ContactMethod.Channel.EMAIL)
    waiting = mails.filter(state=Message.State.QUEUED, attempts__gt=0).exclude(last_error="")
    rows = list(waiting.order_by("-is_page", "next_try_at", "id")[:MOST])
    lately = mails.filter(state=Message.State.FAILED, created_at__gt=at - LATELY)
    if not rows and not lately.order_by("-id")[:1]:
        return
    why = email.trouble() or _put_off()
    if why:
        number = findings.number(rows, "message waits", "messages wait", most=MOST)
        yield Fault(
            "mail refused",
            f"The mail server does not take our mail: {why.rstrip('.')}. {number} for it.",
        )


def _put_off() -> str:
    """What it says to several recipients of pages, if it has taken no mail since it first said so
    to them; no words of its own, which may name somebody."""
    of_mail, kinds = Q(message__channel=ContactMethod.Channel.EMAIL), MessageEvent.Event
    waits = Q(message__state=Message.State.QUEUED, message__is_page=True)
    tries = MessageEvent.objects.filter(of_mail, waits, event__in=(kinds.RETRY, kinds.UNSURE))
    rows = tries.values("message__to_user", "message__to_address").annotate(
        first=Min("at"), error=Max("message__last_error")
    )
    found = list(rows.order_by())
    taken = MessageEvent.objects.filter(of_mail, event=kinds.SENT).order_by("-id")
    last = taken.values_list("at", flat=True).first() if len(found) > 1 else None
    errors = [row["error"] for row in found if last is None or row["first"] > last]
    if len(errors) < 2:
        return ""
    said = " and ".join(sorted({one[:3] for one in errors if one[:3].isdigit()})) or "nothing"
    return f"it said {said} to {len(errors)} recipients and has taken nothing since"


def _late(
    due: QuerySet[Any, Any],
    what: tuple[str, str],
    mend: Callable[[], str],
    *,
    at: datetime,
    since: datetime,
) -> Iterator[Fault]:
    """One fault about all of these times, which come in order, if the auditor saw them pass."""
    times = list(due[:MOST]) if at - since >= LATE else []
    if times:
        number = findings.number(times, *what, most=MOST)
        longest = clocks.words(at - times[0])
        words = f"{number} should have moved; the longest is late by {longest}."
        yield Fault(f"late {what[1]}", words, mend=mend)


CHECKS = (overdue_steps, overdue_messages, forgotten_pages, far_steps, refused_mail)
