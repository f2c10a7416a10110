"""All addresses of the API, noun by noun."""

from __future__ import annotations

from django.urls import path, re_path

from incidentdesk.api import (
    crew,
    incidents,
    learning,
    notices,
    oncall,
    partners,
    proof,
    registers,
    reports,
    requests,
    reviews,
    systems,
    tasks,
    trends,
)
from incidentdesk.api.door import api, missing
from incidentdesk.api.partner import feed as partner_feed
from incidentdesk.api.partner import files as partner_files
from incidentdesk.api.partner import incidents as partner_incidents
from incidentdesk.api.partner import reports as partner_reports
from incidentdesk.api.partner import requests as partner_requests
from incidentdesk.api.partner.door import partner_api

for _noun in (
    incidents,
    tasks,
    systems,
    partners,
    notices,
    reports,
    requests,
    reviews,
    learning,
    registers,
    proof,
    crew,
    oncall,
    trends,
):
    api.add_router("", _noun.router)

for _of_partner in (
    partner_incidents,
    partner_files,
    partner_reports,
    partner_requests,
    partner_feed,
):
    partner_api.add_router("", _of_partner.router)

urlpatterns = [
    path("v1/partner/", partner_api.urls),
    path("v1/", api.urls),
    re_path(r"", missing),
]
