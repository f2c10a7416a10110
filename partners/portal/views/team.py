"""Team: a partner's people, what each may do, and who acknowledged which update."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from cases import visibility
from incidentdesk.kernel import access, clocks, fresh
from incidentdesk.kernel.access import Permission
from incidentdesk.kernel.errors import DeskError, mark
from incidentdesk.kernel.scope import Afterwards, ScopedRequest
from partners import invitations, team
from partners.models import Invitation
from partners.portal.forms import InvitationForm
from partners.team import Member

SEEN = 25
SHOWN = ("open", "expired")
READ_ONLY = "Your company's administrator does this; ask one of those marked so on the team page."


@require_safe
def index(request: ScopedRequest) -> HttpResponse:
    """The people and the open invitations; for administrators also who acknowledged what."""
    return _page(request, InvitationForm())


@require_POST
def invite(request: ScopedRequest) -> HttpResponse:
    """Ask a person to work for the partner. What was typed stays if it is refused."""
    _require_administrator(request)
    form = InvitationForm(request.POST)
    if not fresh.is_fresh(request, at=clocks.now()):
        form.add_error(None, fresh.refusal(reverse("portal:team")))
    if not form.is_valid():
        return _page(request, form)
    actor, data = request.actor, form.cleaned_data

    def run() -> str:
        made = invitations.invite(**data, by=actor, at=clocks.now())
        return f"Invited {made.name}: a mail with a link is on its way to {made.email}."

    def refused(error: DeskError) -> HttpResponse:
        mark(form, error)
        return _page(request, form)

    return Afterwards(run, to=reverse("portal:team"), refused=refused)


@require_POST
def change(request: ScopedRequest, number: int) -> HttpResponse:
    """What a person may do from now on."""
    contact_id, right = _member(request, number).contact.pk, request.POST.get("right", "")
    _require_administrator(request)
    if not fresh.is_fresh(request, at=clocks.now()):
        messages.info(request, "Confirm that it is you, then change it again.")
        return redirect(fresh.page(reverse("portal:team")))
    actor = request.actor

    def run() -> str:
        found, ended = team.change_right(
            contact_id=contact_id, right=right, by=actor, at=clocks.now()
        )
        return f"{found.name} now {Invitation.Right(right).label}.{ended}"

    return _afterwards(run)


@require_POST
def remove(request: ScopedRequest, number: int) -> HttpResponse:
    """A person who works for the partner no more."""
    contact_id = _member(request, number).contact.pk
    _require_administrator(request)
    actor = request.actor

    def run() -> str:
        found, ended = team.remove(contact_id=contact_id, by=actor, at=clocks.now())
        said = f"{found.name} was removed: no page and no token here works for them any more."
        return f"{said}{ended}"

    return _afterwards(run)


@require_POST
def withdraw(request: ScopedRequest, number: int) -> HttpResponse:
    """An invitation that is needed no more."""
    found = list(invitations.invitations_of(request.actor))
    if not 1 <= number <= len(found):
        raise Http404
    _require_administrator(request)
    actor, invitation_id = request.actor, found[number - 1].pk

    def run() -> str:
        done = invitations.withdraw(invitation_id=invitation_id, by=actor, at=clocks.now())
        return f"The invitation of {done.name} was withdrawn; its link works no more."

    return _afterwards(run)


def _afterwards(run: Callable[[], str]) -> Afterwards:
    return Afterwards(run, to=reverse("portal:team"))


def _page(request: ScopedRequest, form: InvitationForm) -> HttpResponse:
    actor, now = request.actor, clocks.now()
    administers = access.allows(actor, Permission.PARTNER_ADMINISTER, request.partner)
    context: dict[str, Any] = {
        "members": team.members(actor),
        "rights": Invitation.Right.choices,
        "administers": administers,
        "form": form,
    }
    if administers:
        numbered = enumerate(invitations.invitations_of(actor), start=1)
        states = [(number, one, one.state(now)) for number, one in numbered]
        context["invitations"] = [row for row in states if row[2] in SHOWN]
        context["seen"] = visibility.receipts_for(actor)[:SEEN]
    return render(request, "portal/team/index.html", context, status=422 if form.errors else 200)


def _member(request: ScopedRequest, number: int) -> Member:
    found = next((one for one in team.members(request.actor) if one.number == number), None)
    if found is None:
        raise Http404
    return found


def _require_administrator(request: ScopedRequest) -> None:
    if not access.allows(request.actor, Permission.PARTNER_ADMINISTER, request.partner):
        raise PermissionDenied(READ_ONLY)
