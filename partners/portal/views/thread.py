"""The thread with the response team: what this partner writes from an incident's page."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from cases import thread
from incidentdesk.kernel import clocks
from incidentdesk.kernel.errors import DeskError, mark
from incidentdesk.kernel.scope import Afterwards, ScopedRequest
from partners.portal.forms import RemarkForm
from partners.portal.views import incidents
from partners.portal.views.requests import require_acting


@require_POST
def write(request: ScopedRequest, reference: str) -> HttpResponse:
    """Something for the response team, with files or without. A refusal keeps what was typed."""
    actor, involvement = request.actor, incidents.incident_of(request.actor, reference)
    require_acting(request)
    form = RemarkForm(request.POST, request.FILES)
    if not form.is_valid():
        return incidents.page(request, involvement, form)
    data = form.cleaned_data

    def run() -> str:
        thread.reply(
            involvement_id=involvement.pk,
            text=data["text"],
            uploads=data["uploads"],
            by=actor,
            at=clocks.now(),
        )
        return "The response team is told. Its answer stands here."

    def refused(error: DeskError) -> HttpResponse:
        mark(form, error)
        return incidents.page(request, incidents.incident_of(actor, reference), form)

    to = f"{reverse('portal:incident', args=[reference])}#thread"
    return Afterwards(run, to=to, refused=refused)
