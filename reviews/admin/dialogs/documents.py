"""Documents to update: list, done with proof, take back, or say why none needs it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from cases.admin.dialogs.fields import words
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm
from reviews import workflow
from reviews.admin.dialogs.fields import PartForm, can_change, person
from reviews.models import DocumentUpdate, Review


class AddForm(DeskForm):
    """Which document, where it is, and who updates it."""

    title = forms.CharField(
        label="Document", max_length=200, help_text="A runbook, a policy, a document for partners."
    )
    link = forms.URLField(label="Link", required=False, assume_scheme="https")
    owner = person("Owner", help_text="It may be updated after the incident closed.")


def _add(obj: Review, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    document = workflow.add_document(
        review_id=obj.pk,
        title=data["title"],
        link=data["link"],
        owner_id=data["owner"].pk,
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
    document = workflow.finish_document(document_id=data["part"], proof=data["proof"], by=by, at=at)
    return f"{document.title} is updated."


def _remove(obj: Review, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    workflow.remove_document(document_id=data["part"], by=by, at=at)
    return "It is taken back."


class NoneForm(DeskForm):
    """Why no document needs updating."""

    reason = words("Why no document needs updating", rows=3)


def _none(obj: Review, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    workflow.need_no_documents(review_id=obj.pk, reason=data["reason"], by=by, at=at)
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
