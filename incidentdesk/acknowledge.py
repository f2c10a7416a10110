"""`/ack/<token>/`: acknowledge from an e-mail. GET shows a page with a button and changes nothing
(mail scanners follow links); only POST acknowledges."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt

from cases import moving, queries, workflow
from cases.models import Incident
from incidentdesk.kernel import access, clocks
from incidentdesk.kernel.errors import DeskError, InvalidInput
from incidentdesk.kernel.models import User
from notifications import acknowledgement


@csrf_exempt  # the token in the address is the proof; there may be no session on this device
def page(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind the link of a page mail."""
    try:
        claim = acknowledgement.read_token(token, at=clocks.now())
        incident, user = _incident(claim.about), _user(claim.user_id)
        by, said = access.actor_for(user), ""
        if not queries.visible_to(by).filter(pk=incident.pk).exists():
            raise InvalidInput("Somebody else has taken it by now; nothing is left for you to do.")
        if request.method == "POST":
            first = workflow.acknowledge(incident_id=incident.pk, by=by, at=clocks.now())
            incident.refresh_from_db()
            said = "Thank you. The ladder has stopped." if first else "Somebody was faster."
    except DeskError as error:
        return render(request, "ack/refused.html", {"sentence": str(error)}, status=400)
    facts = moving.escalation_facts(incident)  # no login here: a restricted one is not named
    context = {"incident": incident, "facts": facts, "person": user, "said": said}
    return render(request, "ack/page.html", context)


def _incident(about: str) -> Incident:
    kind, _, pk = about.partition(":")
    found = Incident.objects.filter(pk=pk).first() if kind == "incident" and pk.isdigit() else None
    if found is None:
        raise InvalidInput("This link belongs to no incident any more.")
    return found


def _user(user_id: int) -> User:
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        raise InvalidInput("The person this page was sent to no longer works here.")
    return user
