"""All addresses of the API, noun by noun."""

from __future__ import annotations

from django.urls import path, re_path

from incidentdesk.api import (
    crew,
    incidents,
    notices,
    partners,
    proof,
    registers,
    reports,
    requests,
    reviews,
    systems,
    tasks,
)
from incidentdesk.api.door import api, missing

for _noun in (
    incidents,
    tasks,
    systems,
    partners,
    notices,
    reports,
    requests,
    reviews,
    registers,
    proof,
    crew,
):
    api.add_router("", _noun.router)

urlpatterns = [path("v1/", api.urls), re_path(r"", missing)]
