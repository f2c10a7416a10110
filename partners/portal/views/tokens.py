"""Tokens: what lets a partner's programs in, made and revoked by its people."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from incidentdesk.kernel import clocks, fresh
from incidentdesk.kernel.errors import DeskError, mark
from incidentdesk.kernel.roles import PARTNER_SCOPES
from incidentdesk.kernel.scope import Afterwards, ScopedRequest
from partners import tokens
from partners.portal.program_forms import TokenForm
from partners.portal.views.questions import About, Question, ask

REVOKE = Question(
    "Revoke it?",
    "The program that has it is refused from then on. This cannot be taken back; another token can "
    "be made.",
    "Revoke it",
)


@require_safe
def index(request: ScopedRequest) -> HttpResponse:
    """One's own tokens, for administrators everybody's; and the form for a new one."""
    return _page(request, TokenForm(may_act=request.may_act))


@require_POST
def make(request: ScopedRequest) -> HttpResponse:
    """A new token; its secret is shown this once. What was typed stays if it is refused."""
    form = TokenForm(request.POST, may_act=request.may_act)
    if not fresh.is_fresh(request, at=clocks.now()):
        form.add_error(None, fresh.refusal(reverse("portal:tokens")))
    if not form.is_valid():
        return _page(request, form)
    actor, data = request.actor, form.cleaned_data

    def run() -> str:
        scopes = ["act"] if data.get("acts") else []
        token, secret = tokens.make(
            name=data["name"], scopes=scopes, days=data["days"], by=actor, at=clocks.now()
        )
        return format_html(
            "“{}” is made. Its secret is shown this once; write it into what will use it: "
            '<code class="secret">{}</code>',
            token.name,
            secret,
        )

    def refused(error: DeskError) -> HttpResponse:
        mark(form, error)
        return _page(request, form)

    return Afterwards(run, to=reverse("portal:tokens"), refused=refused)


@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: ScopedRequest, number: int) -> HttpResponse:
    """A token that is needed no more, or that somebody else may have seen; asked once more."""
    found = list(tokens.tokens_of(request.actor))
    if not 1 <= number <= len(found):
        raise Http404
    actor, token_id, every = request.actor, found[number - 1].pk, reverse("portal:tokens")
    if request.method != "POST":
        return ask(request, REVOKE, About(found[number - 1].name, every, "Tokens", every))

    def run() -> str:
        token = tokens.revoke(token_id=token_id, by=actor, at=clocks.now())
        return f"“{token.name}” is revoked; what used it is refused from now on."

    return Afterwards(run, to=reverse("portal:tokens"))


def _page(request: ScopedRequest, form: TokenForm) -> HttpResponse:
    now = clocks.now()
    held = [
        (number, token, [PARTNER_SCOPES[key].words for key in token.scopes])
        for number, token in enumerate(tokens.tokens_of(request.actor), start=1)
    ]
    working = [one for one in held if one[1].revoked_at is None and one[1].expires_at > now]
    context = {
        "working": working,
        "ended": [one for one in held if one not in working][::-1],
        "form": form,
        "now": now,
    }
    status = 422 if form.errors else 200
    return render(request, "portal/tokens/index.html", context, status=status)
