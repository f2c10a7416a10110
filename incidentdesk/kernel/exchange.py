"""Registers as CSV: what a file would add, change or refuse, and doing exactly that.

A row is found by its natural key, never by a number. A file is taken as a whole or not at all; each
row that is added or changed is one line of the audit trail.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import CheckConstraint, Field, Model, QuerySet

from incidentdesk.kernel import audit, sheets
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.errors import Conflict, InvalidInput

YES, NO = ("yes", "true", "1", "y"), ("no", "false", "0", "n")


@dataclass(frozen=True)
class Column:
    """One column: its name in the file, the field it fills, and what it links to, if anything."""

    name: str
    attribute: str
    words: str
    is_key: bool = False
    links: Callable[[], QuerySet[Any]] | None = None  # rows that may be named
    by: str = ""  # the field by which they are named
    is_many: bool = False

    @cached_property
    def linked(self) -> dict[str, Any]:
        """Natural key → row, read once."""
        if self.links is None:
            return {}
        return {str(getattr(row, self.by)).lower(): row for row in self.links()}


@dataclass(frozen=True)
class Sheet:
    """A register as a file. `unique` names a column besides the key that no two rows share."""

    name: str
    title: str
    model: type[Model]
    columns: Sequence[Column]
    unique: str = ""

    @property
    def names(self) -> list[str]:
        """The header."""
        return [column.name for column in self.columns]

    @property
    def keys(self) -> list[str]:
        """The columns by which a row is found."""
        return [column.name for column in self.columns if column.is_key]

    def fresh(self) -> list[Column]:
        """The columns with nothing read yet: each plan looks at the rows of its moment."""
        return [replace(column) for column in self.columns]

    def rows(self) -> QuerySet[Any]:
        """All rows, with what they link to."""
        single = [c.attribute for c in self.columns if c.links and not c.is_many]
        many = [c.attribute for c in self.columns if c.is_many]
        found = self.model._default_manager.order_by("pk")
        found = found.select_related(*single) if single else found
        return found.prefetch_related(*many)

    def export(self) -> bytes:
        """The register as it is."""
        rows = ({c.name: _written(row, c) for c in self.columns} for row in self.rows())
        return sheets.write(self.names, rows)


@dataclass
class Step:
    """What one line of the file does."""

    line: int
    name: str
    verb: str = "same"  # add, change, same, refuse
    changes: dict[str, list[str]] = field(default_factory=dict)  # column → before, after
    refusals: list[str] = field(default_factory=list)
    row: Any = None
    many: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def words(self) -> list[str]:
        """The same in words."""
        if self.refusals:
            return self.refusals
        if self.verb == "add":
            return [f"{name}: {after}" for name, (_, after) in self.changes.items() if after]
        return [
            f"{n}: {old or 'empty'} → {new or 'empty'}" for n, (old, new) in self.changes.items()
        ]


@dataclass(frozen=True)
class Plan:
    """All steps of a file, and a digest that says whether it is still the same plan."""

    steps: list[Step]

    @property
    def refused(self) -> list[Step]:
        """The lines that cannot be taken."""
        return [step for step in self.steps if step.verb == "refuse"]

    @property
    def counts(self) -> dict[str, int]:
        """How many lines do what."""
        verbs = [step.verb for step in self.steps]
        return {verb: verbs.count(verb) for verb in ("add", "change", "same", "refuse")}

    @property
    def digest(self) -> str:
        """Changes with any word of any step."""
        told = [[s.line, s.name, s.verb, s.changes, s.refusals] for s in self.steps]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def plan(sheet: Sheet, text: str) -> Plan:
    """What the file would do now. Nothing is changed."""
    columns = sheet.fresh()
    known = {_key(row, columns): row for row in sheet.rows()}
    taken = {_unique(sheet, row): _key(row, columns) for row in known.values()}
    seen: dict[tuple[str, ...], int] = {}
    steps = []
    for line, cells in sheets.read(text, columns=sheet.names, keys=sheet.keys):
        key = tuple(cells[name].lower() for name in sheet.keys)
        step = Step(line, " · ".join(cells[name] for name in sheet.keys))
        if key in seen:
            step.refusals.append(f"stands in line {seen[key]} already")
        seen[key] = line
        step.row = known.get(key) or sheet.model()
        step.verb = "change" if key in known else "add"
        _fill(step, columns, cells)
        if sheet.unique and taken.setdefault(_unique(sheet, step.row), key) != key:
            step.refusals.append(f"another row has this {sheet.unique}")
        if step.changes and not step.refusals:
            step.refusals += _broken(step.row)
        if step.refusals:
            step.verb = "refuse"
        elif step.verb == "change" and not step.changes:
            step.verb = "same"
        steps.append(step)
    return Plan(steps)


def apply(sheet: Sheet, text: str, *, expected: str, by: Actor, at: datetime) -> int:
    """Inside a use case: do what the plan says, all of it. Answers how many rows were touched.

    `expected` is the digest of the plan that a person looked at; empty, if nobody did.
    """
    list(sheet.model._default_manager.select_for_update(of=("self",)).order_by("pk"))
    found = plan(sheet, text)
    if found.refused:
        first = found.refused[0]
        raise InvalidInput(
            f"Line {first.line}, {first.name}: {first.words[0]}. Nothing was changed."
        )
    if expected and found.digest != expected:
        raise Conflict("The register changed meanwhile; look at the dry run again.")
    touched = [step for step in found.steps if step.verb in ("add", "change")]
    try:
        with transaction.atomic():
            for step in touched:
                _save(sheet, step, by=by, at=at)
    except IntegrityError as error:
        raise Conflict("Somebody changed the register just now; try again.") from error
    return len(touched)


def _save(sheet: Sheet, step: Step, *, by: Actor, at: datetime) -> None:
    step.row.save()
    for attribute, rows in step.many.items():
        getattr(step.row, attribute).set(rows)
    noun, did = sheet.model._meta, {"add": "added", "change": "changed"}[step.verb]
    audit.record(
        by=by,
        at=at,
        action=f"{did} {noun.verbose_name}",
        about=f"{noun.model_name}:{step.row.pk}",
        name=str(step.row),
        changes=step.changes,
        source="CSV import",
    )


def _fill(step: Step, columns: Sequence[Column], cells: Mapping[str, str]) -> None:
    """Set what the cells say on the row, and note what differs and what cannot be."""
    is_new = step.verb == "add"
    for column in columns:
        if column.name not in cells or (column.is_key and not is_new):
            continue
        before = "" if is_new else _written(step.row, column)
        try:
            _set(step, column, cells[column.name])
        except ValidationError as error:
            step.refusals.append(f"{column.name}: {' '.join(error.messages)}")
            continue
        many = step.many.get(column.attribute)
        after = _listed(column, many) if many is not None else _written(step.row, column)
        if after != before:
            step.changes[column.name] = [before, after]
        elif many is not None:
            del step.many[column.attribute]


def _broken(row: Model) -> list[str]:
    """What the row's columns together break, in the words of the database's constraints."""
    found = []
    for constraint in (one for one in row._meta.constraints if isinstance(one, CheckConstraint)):
        try:
            constraint.validate(type(row), row)
        except ValidationError as error:
            found += error.messages
    return found


def _set(step: Step, column: Column, cell: str) -> None:
    if column.is_many:
        step.many[column.attribute] = [_find(column, name) for name in cell.split()]
    elif column.links is not None:
        value = _find(column, cell) if cell else None
        if value is None and not step.row._meta.get_field(column.attribute).null:
            raise ValidationError("is needed")
        setattr(step.row, column.attribute, value)
    else:
        model_field = step.row._meta.get_field(column.attribute)
        setattr(step.row, column.attribute, _value(model_field, step.row, cell))


def _value(model_field: Field[Any, Any], row: Model, cell: str) -> Any:
    """The cell as the field wants it; a choice by its key or its words."""
    if model_field.get_internal_type() == "BooleanField":
        if not cell:  # as it is; a new row has the default
            return getattr(row, model_field.attname)
        if cell.lower() not in YES + NO:
            raise ValidationError("is yes or no")
        return cell.lower() in YES
    if model_field.get_internal_type() == "ArrayField":
        return model_field.clean(cell.upper().split(), row)
    for key, words in model_field.choices or ():
        if cell.lower() in (str(key).lower(), str(words).lower()):
            return key
    if not cell and model_field.has_default():
        return model_field.get_default()
    if not cell and model_field.null:
        return None
    if model_field.choices:
        known = ", ".join(str(key) for key, _ in model_field.choices)
        raise ValidationError(f"there is no {cell}; take {known}")
    cell = cell.lower() if model_field.get_internal_type() == "EmailField" else cell
    return model_field.clean(cell, row)


def _find(column: Column, name: str) -> Any:
    found = column.linked.get(name.lower())
    if found is None:
        raise ValidationError(f"there is no {name}")
    return found


def _written(row: Any, column: Column) -> str:
    """A field as a cell."""
    if column.is_many:
        return _listed(column, getattr(row, column.attribute).all()) if row.pk else ""
    value = getattr(row, column.attribute, None)
    if value is None:
        return ""
    if column.links is not None:
        return str(getattr(value, column.by))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(value) if isinstance(value, list) else str(value)


def _listed(column: Column, rows: Any) -> str:
    return " ".join(sorted(str(getattr(row, column.by)) for row in rows))


def _key(row: Any, columns: Sequence[Column]) -> tuple[str, ...]:
    return tuple(_written(row, column).lower() for column in columns if column.is_key)


def _unique(sheet: Sheet, row: Any) -> str:
    return str(getattr(row, sheet.unique)).lower() if sheet.unique else str(id(row))
