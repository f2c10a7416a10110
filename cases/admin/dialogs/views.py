"""Keeping a view of the list of incidents, and forgetting one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.urls import reverse

from cases import saved_views
from cases.admin.incident_list import asked_only
from cases.models import SavedView
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm, Done


def _list(query: str = "") -> str:
    address = reverse("admin:cases_incident_changelist")
    return f"{address}?{query}" if query else address


class SaveForm(DeskForm):
    """A name for what the list shows now."""

    name = forms.CharField(
        label="Name", max_length=40, help_text="A view of the same name is replaced."
    )
    query = forms.CharField(widget=forms.HiddenInput, required=False)

    def clean_query(self) -> str:
        """What the list can be asked for, and nothing else."""
        return asked_only(self.cleaned_data["query"])


def _save(obj: None, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    view = saved_views.keep(name=data["name"], query=data["query"], by=by, at=at)
    return Done(f"“{view.name}” is kept above the list; only you see it.", to=_list(view.query))


class ForgetForm(DeskForm):
    """Which one; the address says it."""

    view = forms.TypedChoiceField(coerce=int, label="View")

    def prepare(self) -> None:
        """One's own."""
        mine = SavedView.objects.filter(user=self.actor.user_id)
        self.fields["view"].choices = [(view.pk, view.name) for view in mine]  # type: ignore[attr-defined]


def _forget(obj: None, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    name = saved_views.forget(view_id=data["view"], by=by, at=at)
    return Done(f"The view “{name}” is forgotten.", to=_list())


# They stand beside the list, not among its buttons.
SAVE_VIEW = Action(
    "save_view",
    "Keep this view",
    _save,
    Permission.INCIDENT_READ,
    SaveForm,
    intro="The list as it is now, with its filters and words. Only you see it.",
    submit="Keep",
    applies=lambda obj: False,
)
FORGET_VIEW = Action(
    "forget_view",
    "Forget a view",
    _forget,
    Permission.INCIDENT_READ,
    ForgetForm,
    intro="The incidents stay; only the name for this list goes.",
    submit="Forget",
    applies=lambda obj: False,
)
