"""Webhooks: where a partner's programs are told what happens, and how each call went."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import get_text_list
from django.views.decorators.http import require_POST, require_safe

from incidentdesk.kernel import access, clocks
from incidentdesk.kernel.access import Permission
from incidentdesk.kernel.errors import DeskError, mark
from incidentdesk.kernel.scope import Afterwards, Landing, ScopedRequest
from partners import deliveries, preferences, webhooks
from partners.models import Delivery, EventType, Webhook
from partners.portal.program_forms import EventsForm, WebhookForm
from partners.portal.views.team import READ_ONLY

PAGE = 25
SHOWN_ONCE = (
    "{} Its secret is shown this once; write it into what checks the signatures: "
    '<code class="secret">{}</code>'
)
# How far a delivery is, in the reader's words.
WORDS = {
    "queued": "on its way",
    "sending": "on its way",
    "sent": "delivered",
    "failed": "given up",
    "suppressed": "not sent",
}


@dataclass(frozen=True)
class Sent:
    """A delivery as the log shows it."""

    delivery: Delivery
    words: str
    is_waiting: bool
    last_words: str


@require_safe
def index(request: ScopedRequest) -> HttpResponse:
    """The webhooks, and for administrators the form for a new one."""
    told = {"events": EventType.values, "severities": preferences.SEVERITIES}
    return _page(request, WebhookForm(initial=told, agreed=preferences.agreed(request.actor)))


@require_POST
def add(request: ScopedRequest) -> HttpResponse:
    """A new address. What was typed stays if it is refused."""
    require_administrator(request)
    form = WebhookForm(request.POST, agreed=preferences.agreed(request.actor))
    if not form.is_valid():
        return _page(request, form)
    actor, data = request.actor, {"severities": [], **form.cleaned_data}

    def run() -> str:
        made, secret = webhooks.add(**data, by=actor, at=clocks.now())
        return format_html(SHOWN_ONCE, f"{made.url} is told from now on.", secret)

    def refused(error: DeskError) -> HttpResponse:
        mark(form, error)
        return _page(request, form)

    return Afterwards(run, to=reverse("portal:webhooks"), refused=refused)


@require_safe
def detail(request: ScopedRequest, number: int) -> HttpResponse:
    """One webhook and what was sent to it, newest first; `?after=` goes on with the older ones."""
    webhook = webhook_of(request, number)
    told = {"events": webhook.events, "severities": webhook.severities}
    form = EventsForm(initial=told, agreed=preferences.agreed(request.actor))
    return _one(request, number, webhook, form)


@require_POST
def choose(request: ScopedRequest, number: int) -> HttpResponse:
    """What it is told of from now on."""
    webhook = webhook_of(request, number)
    require_administrator(request)
    form = EventsForm(request.POST, agreed=preferences.agreed(request.actor))
    if not form.is_valid():
        return _one(request, number, webhook, form)
    actor, data = request.actor, {"severities": [], **form.cleaned_data}

    def run() -> str:
        webhooks.choose(webhook_id=webhook.pk, **data, by=actor, at=clocks.now())
        return "It is told of these from now on."

    return afterwards(run, number)


@require_POST
def try_out(request: ScopedRequest, number: int) -> HttpResponse:
    """A test on its way."""
    webhook_id, actor = webhook_of(request, number).pk, request.actor
    require_administrator(request)

    def run() -> str:
        webhooks.try_out(webhook_id=webhook_id, by=actor, at=clocks.now())
        return "A test is on its way; the log below says how it went. Load the page again."

    return afterwards(run, number)


@require_POST
def replay(request: ScopedRequest, number: int, key: UUID) -> HttpResponse:
    """The same once more."""
    rows = deliveries.deliveries_of(request.actor).filter(webhook_id=webhook_of(request, number).pk)
    found, actor = rows.filter(key=key).first(), request.actor
    if found is None:
        raise Http404
    require_administrator(request)
    delivery_id = found.pk

    def run() -> str:
        webhooks.replay(delivery_id=delivery_id, by=actor, at=clocks.now())
        return "It is on its way once more, under the same id."

    return afterwards(run, number)


def afterwards(run: Callable[[], str | Landing], number: int) -> Afterwards:
    """Run it, then show the webhook."""
    return Afterwards(run, to=reverse("portal:webhook", args=[number]))


def _page(request: ScopedRequest, form: WebhookForm) -> HttpResponse:
    rows = list(enumerate(webhooks.webhooks_of(request.actor), start=1))
    context = {
        "administers": _administers(request),
        "rows": [row for row in rows if row[1].deleted_at is None],
        "deleted": [row for row in rows if row[1].deleted_at is not None],
        "form": form,
    }
    status = 422 if form.errors else 200
    return render(request, "portal/webhooks/index.html", context, status=status)


def _one(request: ScopedRequest, number: int, webhook: Webhook, form: EventsForm) -> HttpResponse:
    rows = deliveries.deliveries_of(request.actor).filter(webhook_id=webhook.pk)
    after = request.GET.get("after", "")
    if after:
        last = rows.filter(key=_uuid(after)).first()
        if last is None:
            raise Http404
        rows = rows.filter(pk__lt=last.pk)
    found = list(rows[: PAGE + 1])
    now = clocks.now()
    context = {
        "number": number,
        "administers": _administers(request) and webhook.deleted_at is None,
        "webhook": webhook,
        "told": [EventType(key).label for key in webhook.events],
        "severities": _severities(request, webhook),
        "has_two": webhook.former_until is not None and now < webhook.former_until,
        "form": form,
        "sent": [_sent(row, webhook) for row in found[:PAGE]],
        "last": found[PAGE - 1].key if len(found) > PAGE else "",
    }
    status = 422 if form.errors else 200
    return render(request, "portal/webhooks/detail.html", context, status=status)


def _severities(request: ScopedRequest, webhook: Webhook) -> str:
    """Of which it is told: those chosen, and those that the contract agrees."""
    told = sorted({*webhook.severities, *preferences.agreed(request.actor)})
    return get_text_list([f"SEV-{number}" for number in told], "and") or "no severity"


def _sent(row: Delivery, webhook: Webhook) -> Sent:
    lines, state = list(row.message.events.all()), row.message.state
    last_words = lines[-1].detail if lines else ""
    if state == "suppressed" and lines[:-1] and lines[-2].detail:  # what became of the last try
        last_words = f"{last_words} The try before: {lines[-2].detail}"
    if state == "queued" and not webhook.is_on:  # it was under way when that was switched off
        return Sent(row, WORDS["suppressed"], is_waiting=False, last_words=last_words)
    return Sent(row, WORDS[state], state in ("queued", "sending"), last_words)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None


def webhook_of(request: ScopedRequest, number: int) -> Webhook:
    """This partner's webhook of that number; any other is a 404."""
    found = list(webhooks.webhooks_of(request.actor))
    if not 1 <= number <= len(found):
        raise Http404
    return found[number - 1]


def _administers(request: ScopedRequest) -> bool:
    return access.allows(request.actor, Permission.PARTNER_ADMINISTER, request.partner)


def require_administrator(request: ScopedRequest) -> None:
    """Others read what stands here."""
    if not _administers(request):
        raise PermissionDenied(READ_ONLY)
