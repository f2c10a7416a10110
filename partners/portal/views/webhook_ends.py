"""What ends something of a webhook: a new secret, switching it off, deleting it.

Each asks once more on a page of its own, and is done by the button there.
"""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods

from incidentdesk.kernel import clocks
from incidentdesk.kernel.scope import Afterwards, ScopedRequest
from partners import webhooks
from partners.models import Webhook
from partners.portal.views.questions import About, Question, ask
from partners.portal.views.webhooks import (
    SHOWN_ONCE,
    afterwards,
    require_administrator,
    webhook_of,
)

asked = require_http_methods(["GET", "HEAD", "POST"])


ROTATE = Question(
    "Give it a new secret?",
    "The new secret is shown once, on the next page. For 24 hours each call is signed by both, "
    "the new one and the present one; until then your program has to know the new one.",
    "Give it a new secret",
    is_grave=False,
)
SWITCH_OFF = Question(
    "Switch it off?",
    "It is told nothing more, and what waits for it is not sent. What happens meanwhile stands in "
    "the feed. It can be switched on again.",
    "Switch it off",
)
DELETE = Question(
    "Delete it?",
    "It is told nothing more, what waits for it is not sent, and its secret is destroyed. This "
    "cannot be undone. The log of what was sent to it stays readable to your company.",
    "Delete it",
)


@asked
def rotate(request: ScopedRequest, number: int) -> HttpResponse:
    """A new secret; the former one signs beside it for a day."""
    webhook, actor = webhook_of(request, number), request.actor
    require_administrator(request)
    if request.method != "POST":
        return _ask(request, number, webhook, ROTATE)

    def run() -> str:
        _, secret = webhooks.rotate(webhook_id=webhook.pk, by=actor, at=clocks.now())
        words = "There is a new secret; for 24 hours each call is signed by the former one too."
        return format_html(SHOWN_ONCE, words, secret)

    return afterwards(run, number)


@asked
def switch(request: ScopedRequest, number: int) -> HttpResponse:
    """Off, or on again; that needs no second thought."""
    webhook, actor = webhook_of(request, number), request.actor
    require_administrator(request)
    if request.method != "POST":
        return _ask(request, number, webhook, SWITCH_OFF)

    def run() -> str:
        if request.POST.get("on"):
            webhooks.switch_on(webhook_id=webhook.pk, by=actor, at=clocks.now())
            return "It is told again. What happened meanwhile stands in the feed."
        webhooks.switch_off(webhook_id=webhook.pk, by=actor, at=clocks.now())
        return "It is told nothing more."

    return afterwards(run, number)


@asked
def delete(request: ScopedRequest, number: int) -> HttpResponse:
    """Gone for good, but for its log."""
    webhook, actor = webhook_of(request, number), request.actor
    require_administrator(request)
    if request.method != "POST":
        return _ask(request, number, webhook, DELETE)

    def run() -> str:
        webhooks.remove(webhook_id=webhook.pk, by=actor, at=clocks.now())
        return "It is deleted. What was sent to it stays readable below."

    return Afterwards(run, to=reverse("portal:webhooks"))


def _ask(request: ScopedRequest, number: int, webhook: Webhook, question: Question) -> HttpResponse:
    back, every = reverse("portal:webhook", args=[number]), reverse("portal:webhooks")
    return ask(request, question, About(webhook.url, back, "Webhooks", every))
