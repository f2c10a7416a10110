"""The page “What would happen”: who would be paged for an incident that began at some moment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

from django import forms
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.module_loading import import_string

from incidentdesk.kernel import access, clocks
from incidentdesk.kernel.access import Permission
from incidentdesk.kernel.fields import MomentField
from incidentdesk.kernel.reader import actor
from notifications import foresight, routing
from notifications.models import Severity


class FactsForm(forms.Form):
    """What would have happened, to what, and when."""

    severity = forms.TypedChoiceField(choices=Severity.choices, coerce=int)
    category = forms.ChoiceField(required=False)
    systems = forms.MultipleChoiceField(
        required=False, label="Systems hit", widget=forms.CheckboxSelectMultiple
    )
    partners = forms.MultipleChoiceField(
        required=False, label="Partners listed", widget=forms.CheckboxSelectMultiple
    )
    at = MomentField(label="Begins at (UTC)")

    def __init__(self, *args: Any, **known: Any) -> None:
        super().__init__(*args, **known)
        offered = import_string(settings.PATH_FACTS)()
        for name, field in (
            ("category", "categories"),
            ("systems", "systems"),
            ("partners", "partners"),
        ):
            none = [("", "not known yet")] if name == "category" else []
            cast(forms.ChoiceField, self.fields[name]).choices = [*none, *offered[field]]


def page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """GET with facts shows what would happen; without, for a SEV-1 that begins now."""
    by = actor(request)
    if not access.allows(by, Permission.INCIDENT_READ):
        raise PermissionDenied
    now = clocks.now().replace(second=0, microsecond=0)
    first = {"severity": 1, "at": f"{now:%Y-%m-%dT%H:%M}"}
    form = FactsForm(request.GET if "severity" in request.GET else first)
    found, path = [], None
    if form.is_valid():
        facts = form.cleaned_data
        path = routing.path_for(**facts)
        found = foresight.foresee(path, severity=facts["severity"], at=facts["at"])
    shown = {
        **context,
        "title": "What would happen",
        "form": form,
        "path": path,
        "found": [_shown(one, form.cleaned_data["at"]) for one in found],
    }
    status = 200 if form.is_valid() else 422
    return TemplateResponse(request, "admin/notifications/foresight.html", shown, status=status)


def _shown(one: foresight.Foreseen, began: datetime) -> dict[str, Any]:
    """One moment in words."""
    after = one.at - began
    return {
        "at": one.at.astimezone(UTC),
        "after": f"after {clocks.words(after)}" if after else "at once",
        "rungs": one.rungs,
    }
