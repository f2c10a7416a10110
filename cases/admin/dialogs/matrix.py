"""Changing the severity matrix: three tables of choices, and a reason."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from cases import evaluation, severity
from cases.admin.dialogs import fields
from cases.admin.page import matrix
from cases.models import SeverityMatrix
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm


class MatrixWidget(forms.Widget):
    """48 choices in the three tables in which a person reads the matrix."""

    use_fieldset = False

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        """The tables, with the severities as they stand."""
        blocks = matrix.tables(value or [4] * len(severity.CELLS))
        id_ = (attrs or {}).get("id", name)
        context = {"name": name, "id": id_, "blocks": blocks, "severities": (1, 2, 3, 4)}
        return render_to_string("admin/cases/severitymatrix/edit.html", context)

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        """One value a cell, in the order in which a matrix holds them."""
        return [data.get(f"{name}_{number}", "") for number in range(len(severity.CELLS))]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Nothing was sent at all."""
        return f"{name}_0" not in data

    def id_for_label(self, id_: str) -> str:
        """The label leads to the first cell that is shown."""
        return f"{id_}_{matrix.FIRST}"


class MatrixField(forms.Field):
    """Answers 48 severities."""

    widget = MatrixWidget

    def to_python(self, value: Any) -> list[int]:
        """Numbers; anything else is refused."""
        try:
            return [int(one) for one in value or ()]
        except (TypeError, ValueError):
            raise forms.ValidationError("Choose a severity for each cell.") from None


class MatrixForm(DeskForm):
    """The severities, and why they change."""

    cells = MatrixField(label="Severities")
    seen = forms.IntegerField(widget=forms.HiddenInput, label="The matrix that was shown")
    reason = fields.words("Reason", rows=2, help_text="It stays with the change.")

    def prepare(self) -> None:
        """What is in force."""
        newest = SeverityMatrix.objects.latest("id")
        self.fields["cells"].initial, self.fields["seen"].initial = newest.cells, newest.pk


def _change(obj: None, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    evaluation.change_matrix(
        cells=data["cells"], reason=data["reason"], seen_id=data["seen"], by=by, at=at
    )
    return "The matrix is in force."


CHANGE_MATRIX = Action(
    "change_matrix",
    "Change the matrix",
    _change,
    Permission.REGISTER_WRITE,
    MatrixForm,
    intro="More impact, scope or urgency never gives a milder severity. Incidents keep theirs "
    "until they are evaluated again.",
    submit="Put in force",
)
