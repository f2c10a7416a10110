"""Documents to update: list, done with proof, take back, or say why none needs it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from cases.admin.dialogs.fields import words
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm
from reviews import documents
from reviews.admin.dialogs.fields import PartForm, can_change, person
from reviews.models import DocumentUpdate, Review


class AddForm(DeskForm):
    """Which document, where it is, who updates it by when, and how one will see it."""

    kind = forms.ChoiceField(
        label="It is a", choices=DocumentUpdate.Kind.choices, widget=forms.RadioSelect
    )
    title = forms.CharField(label="Document", max_length=200)
    link = forms.URLField(label="Link", required=False, assume_scheme="https")
    owner = person("Owner", help_text="Is reminded of it; the review waits for it.")
    due_on = forms.DateField(
        label="Due on", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    done_when = words("Done when", rows=2, required=False, help_text="How one will see it.")


def _add(obj: Review, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    document = documents.add(
        review_id=obj.pk,
        kind=data["kind"],
        title=data["title"],
        link=data["link"],
        owner_id=data["owner"].pk,
        due_on=data["due_on"],
        done_when=data["done_when"],
        by=by,
        at=at,
    )
    return f"{document.title} is listed."


class OpenDocumentForm(PartForm):
    """Which document it is about."""

    def rows(self) -> list[DocumentUpdate]:
        """Those of this review that are not updated yet."""
        return list(self.obj.documents.filter(state=DocumentUpdate.State.OPEN))


class FinishForm(OpenDocumentForm):
    """What shows that it is updated."""

    proof = words("What shows it", rows=3, help_text="A version, a change, a date.")


class RemoveForm(OpenDocumentForm):
    """Which document is taken back."""


def _finish(obj: Review, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    document = documents.finish(document_id=data["part"], proof=data["proof"], by=by, at=at)
    return f"{document.title} is updated."


def _remove(obj: Review, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    documents.remove(document_id=data["part"], by=by, at=at)
    return "It is taken back."


class NoneForm(DeskForm):
    """Why no document needs updating."""

    reason = words("Why no document needs updating", rows=3)


def _none(obj: Review, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    documents.need_none(review_id=obj.pk, reason=data["reason"], by=by, at=at)
    return "Said: no document needs updating."


_MAY = Permission.REVIEW_WRITE
ADD = Action(
    "add_document", "Add a document", _add, _MAY, AddForm, submit="Add", applies=can_change
)
FINISH = Action("finish_document", "Document updated", _finish, _MAY, FinishForm, submit="Updated")
REMOVE = Action(
    "remove_document",
    "Take back a document",
    _remove,
    _MAY,
    RemoveForm,
    submit="Take back",
    applies=can_change,
)
NONE = Action(
    "no_documents", "None needs it", _none, _MAY, NoneForm, submit="Save", applies=can_change
)
