"""`/hooks/mail/<provider>/<secret>/`: a mail provider tells what became of mails that it took."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from incidentdesk.kernel import clocks
from incidentdesk.kernel.errors import InvalidInput
from notifications import tracking
from notifications.channels import receipts


@csrf_exempt  # the secret in the address is the proof
@require_http_methods(["HEAD", "POST"])
def take(request: HttpRequest, provider: str, secret: str) -> HttpResponse:
    """Note what it tells. 404 for whoever does not know the address; 400 for what is no report."""
    is_ours = bool(settings.MAIL_HOOK_SECRET) and provider == settings.MAIL_PROVIDER
    if not is_ours or not constant_time_compare(secret, settings.MAIL_HOOK_SECRET):
        raise Http404
    if request.method == "HEAD":
        return HttpResponse()
    try:
        told = receipts.read(provider, request)
    except InvalidInput as error:
        return HttpResponse(str(error), status=400, content_type="text/plain")
    for receipt in told:
        tracking.note(receipt, at=clocks.now())
    return HttpResponse()
