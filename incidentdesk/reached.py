"""`/reached/<token>/`: somebody says that a test of a way to them came. GET changes nothing, since
mail scanners follow links; only POST does."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt

from incidentdesk.kernel import clocks
from incidentdesk.kernel.errors import DeskError
from notifications import proving


@csrf_exempt  # the token in the address is the proof; there may be no session on this device
def page(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind the link of a test. It names nothing but the way that was tested."""
    at = clocks.now()
    try:
        if request.method == "POST":
            method, said = proving.confirm(token=token, at=at), True
        else:
            method, said = proving.read_token(token, at=at), False
    except DeskError as error:
        return render(request, "reached/page.html", {"sentence": str(error)}, status=400)
    return render(request, "reached/page.html", {"method": method, "said": said})
