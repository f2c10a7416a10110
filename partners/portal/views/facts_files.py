"""A facts package as files: the report in the shape of the DORA schema, and the whole as a PDF.

Both come from the row as it was handed over; nothing is worked out anew.
"""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_safe

from incidentdesk.kernel import pdf
from incidentdesk.kernel.scope import ScopedRequest
from partners.portal.views import facts, records


@require_safe
def as_report(request: ScopedRequest, reference: str) -> HttpResponse:
    """For the partner's own reporting tool; what is not known is not in it."""
    found = facts.package_of(request.actor, reference)
    answer = JsonResponse(found.report, json_dumps_params={"indent": 2, "ensure_ascii": False})
    answer["Content-Disposition"] = f'attachment; filename="{found.reference}-report.json"'
    return answer


@require_safe
def as_pdf(request: ScopedRequest, reference: str) -> HttpResponseBase:
    """For people; where none can be drawn, back to the page with a sentence."""
    found = facts.package_of(request.actor, reference)
    back = reverse("portal:facts", args=[reference])
    if why := pdf.missing():
        messages.error(request, f"A PDF {why}; take the JSON, or let your browser print the page.")
        return redirect(back)
    html = render_to_string("portal/facts/print.html", facts.printed(found))
    return records.drawn(html, found.reference, back=back)
