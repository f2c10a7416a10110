"""Files that this partner and the desk share: found inside the scope, streamed outside of it."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_GET

from cases import files, visibility
from incidentdesk.kernel import downloads
from incidentdesk.kernel.scope import Outside, ScopedRequest


@require_GET
def download(request: ScopedRequest, key: UUID) -> HttpResponse:
    """The file, as something to keep and never to show."""
    file = visibility.files_for(request.actor).filter(key=key).first()
    if file is None:
        raise Http404

    def make() -> HttpResponseBase:
        opened = files.opened(file)
        return downloads.inert(opened.chunks(), name=opened.name, size=opened.size)

    return Outside(make, otherwise=reverse("portal:incidents"))
