"""Playbooks: starting a draft, publishing it, discarding it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.urls import reverse

from cases import playbooks
from cases.admin.dialogs import fields
from cases.models import Category, Playbook
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm, Done

_MAY = Permission.REGISTER_WRITE


class DraftForm(DeskForm):
    """Whose playbook is to change."""

    category = forms.ModelChoiceField(
        Category.objects.filter(is_active=True), label="Category", empty_label="Choose…"
    )


def _page(playbook: Playbook) -> str:
    return reverse("admin:cases_playbook_edit", args=[playbook.pk])


def _start(obj: None, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    draft = playbooks.start_draft(category_id=data["category"].pk, by=by, at=at)
    return Done(
        f"Version {draft.version} is a draft; nothing changes until it is published.", _page(draft)
    )


def _change(obj: Playbook, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    draft = playbooks.start_draft(category_id=obj.category_id, by=by, at=at)
    return Done(
        f"Version {draft.version} is a draft; nothing changes until it is published.", _page(draft)
    )


class PublishForm(DeskForm):
    """What is different."""

    note = fields.words("What is different, and why", rows=3)

    def prepare(self) -> None:
        """What was noted while it was drafted."""
        self.fields["note"].initial = self.obj.note


def _publish(obj: Playbook, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    published = playbooks.publish(playbook_id=obj.pk, note=data["note"], by=by, at=at)
    return f"{published} is in force."


def _discard(obj: Playbook, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    playbooks.discard_draft(playbook_id=obj.pk, by=by, at=at)
    return Done("The draft is discarded.", reverse("admin:cases_playbook_changelist"))


def _is_draft(playbook: Any) -> bool:
    return bool(playbook.is_draft)


def _is_current(playbook: Any) -> bool:
    return bool(playbook.is_current)


START_DRAFT = Action(
    "start_draft",
    "Start a draft",
    _start,
    _MAY,
    DraftForm,
    intro="A copy of the version in force, to be changed and then published.",
)
CHANGE = Action(
    "change",
    "Start a draft",
    _change,
    _MAY,
    intro="A published version never changes. A draft is its copy, to be changed and published; "
    "open incidents keep the version that they started with.",
    is_primary=True,
    applies=_is_current,
)
PUBLISH = Action(
    "publish",
    "Publish",
    _publish,
    _MAY,
    PublishForm,
    intro="It is in force for incidents whose category is set from now on, and never changes.",
    is_primary=True,
    applies=_is_draft,
)
DISCARD = Action(
    "discard",
    "Discard the draft",
    _discard,
    _MAY,
    intro="The draft and its changes are gone; the version in force stays.",
    submit="Discard",
    is_grave=True,
    applies=_is_draft,
)
