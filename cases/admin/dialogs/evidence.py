"""Evidence on the desk: adding a file, hashing it again, saying what it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from cases import evidence
from cases.admin.dialogs import fields
from cases.models import Evidence, Incident
from incidentdesk.kernel import clocks, uploads
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm, Done


def _place(label: str) -> Any:
    """A row of the incident; the form sets the choices."""
    return forms.TypedChoiceField(label=label, coerce=int, empty_value=None, required=False)


class PlaceForm(DeskForm):
    """What a piece belongs to."""

    task = _place("Task")
    affected = _place("System")

    def prepare(self) -> None:
        """The tasks and systems of its incident."""
        incident = self.obj if isinstance(self.obj, Incident) else self.obj.incident
        tasks = [(task.pk, task.text) for task in incident.tasks.all()]
        systems = incident.systems.select_related("system")
        named = [(row.pk, row.system.name) for row in systems]
        self.fields["task"].choices = [("", "None"), *tasks]  # type: ignore[attr-defined]
        self.fields["affected"].choices = [("", "None"), *named]  # type: ignore[attr-defined]


class AddForm(PlaceForm):
    """A file, and what makes it evidence."""

    file = forms.FileField(label="File", allow_empty_file=True)
    title = forms.CharField(
        label="What it shows", max_length=200, required=False, help_text="Empty: the file's name."
    )
    collector = forms.CharField(label="Collected by", max_length=120)
    collected_at = fields.moment("Collected at")
    tlp = forms.ChoiceField(label="TLP", choices=Incident.Tlp.choices)
    field_order = ("file", "title", "collector", "collected_at", "tlp", "task", "affected")

    def prepare(self) -> None:
        """Collected by this person, now, and labelled like the incident."""
        super().prepare()
        self.fields["collector"].initial = self.actor.name
        self.fields["collected_at"].initial = clocks.now()
        self.fields["tlp"].initial = self.obj.tlp
        self.fields["file"].help_text = f"At most {uploads.limit() // uploads.MEGABYTE} MB."
        self.fields["file"].widget.attrs |= {
            "data-most": str(uploads.limit()),
            "data-refusal": uploads.too_large(),
        }


def _add(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    piece = evidence.add(
        incident_id=obj.pk,
        upload=data["file"],
        title=data["title"],
        collector=data["collector"],
        collected_at=data["collected_at"],
        tlp=data["tlp"],
        task_id=data["task"],
        affected_id=data["affected"],
        by=by,
        at=at,
    )
    said = f"“{piece.title}” is kept; SHA-256 {piece.sha256[:12]}…"
    return Done(said, f"{obj.url}?tab=evidence")


class AttachForm(PlaceForm):
    """What the piece belongs to from now on."""

    def prepare(self) -> None:
        """As it stands now."""
        super().prepare()
        self.fields["task"].initial = self.obj.task_id
        self.fields["affected"].initial = self.obj.affected_system_id


def _attach(obj: Evidence, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    evidence.attach(
        evidence_id=obj.pk, task_id=data["task"], affected_id=data["affected"], by=by, at=at
    )
    return Done("It is attached.", f"{obj.incident.url}?tab=evidence")


def _verify(obj: Evidence, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    agrees = evidence.verify(evidence_id=obj.pk, by=by, at=at)
    said = (
        "The file is what was added: its hash agrees."
        if agrees
        else "THE FILE IS NOT WHAT WAS ADDED. It is on the timeline; tell the commander."
    )
    return Done(said, f"{obj.incident.url}?tab=evidence")


_MAY = Permission.INCIDENT_RESPOND
ADD = Action(
    "add_evidence",
    "Add evidence",
    _add,
    _MAY,
    AddForm,
    intro="Kept as it is with its SHA-256. It is never changed, deleted or shown by the browser.",
    submit="Add",
    applies=lambda incident: incident.is_open,
)
ATTACH = Action(
    "attach",
    "Attach",
    _attach,
    _MAY,
    AttachForm,
    submit="Attach",
    applies=lambda piece: piece.incident.is_open,
)
VERIFY = Action(
    "verify",
    "Verify",
    _verify,
    _MAY,
    intro="The file is read and hashed again. Whether it agrees goes into its chain of custody.",
    submit="Verify",
)
