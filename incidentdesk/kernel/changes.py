"""Reading the field history: what changed in which row, by whom and from where, newest first.

One query for a page, over any number of tables, and one for each kind of row that values name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import BooleanField, DateTimeField, Field, ForeignKey, Model
from django.utils.dateparse import parse_datetime

from incidentdesk.kernel import history

PAGE = 25
LONGEST = 400  # characters of a value that are shown
NOTHING = "—"
NOBODY = "The desk"


class Names(Protocol):
    """What the reader of a history may call what it names."""

    def rows(self, model: type[Model], ids: Iterable[Any]) -> Mapping[Any, object]:
        """The rows of a model that have these keys, each by its name."""

    def telling(self, texts: Sequence[str]) -> Callable[[str], str]:
        """How to tell any of these texts."""


class Source(NamedTuple):
    """A tracked model and which of its history to read: SQL over the history table, its values."""

    model: type[Model]
    where: str
    values: tuple[Any, ...]


def of_row(row: Model) -> Source:
    """The history of one row."""
    return Source(type(row), "e.pgh_obj_id = %s", (row.pk,))


@dataclass(frozen=True)
class Shown:
    """One field that changed, in words."""

    label: str
    old: str
    new: str


@dataclass(frozen=True)
class Change:
    """One change of one row, in words."""

    at: datetime
    what: str  # `task “Tell the venue”`
    verb: str  # changed, added, removed
    who: str
    place: str
    fields: list[Shown]
    cursor: str


@dataclass(frozen=True)
class Raw:
    """A row of the history as it was read."""

    at: datetime
    number: int
    pgh_id: int
    label: str
    context: dict[str, Any]
    model: type[Model]
    old: dict[str, Any]
    new: dict[str, Any]

    def differing(self) -> list[Field[Any, Any]]:
        """The fields that this change touched; of a new or a removed row there are none."""
        if self.label != "update":
            return []
        kept = {field.name for field in history.event_model(self.model)._meta.fields}
        return [
            field
            for field in self.model._meta.local_fields
            if field.name in kept
            and self.old.get(column := str(field.column)) != self.new.get(column)
        ]


class Page(NamedTuple):
    """A page of changes, and where the next one begins ('' if there is none)."""

    changes: list[Change]
    older: str


def page(sources: Sequence[Source], names: Names, *, before: str = "") -> Page:
    """The newest changes, or those `before` a change that an earlier page ended with.

    `names` says what the reader may call what values name.
    """
    raw = _read(sources, _place(before))
    words = _Words(raw[:PAGE], names)
    shown = [words.change(row) for row in raw[:PAGE]]
    return Page(_told(shown, names), shown[-1].cursor if len(raw) > PAGE else "")


def _told(changes: Sequence[Change], names: Names) -> list[Change]:
    tell = names.telling([text for c in changes for f in c.fields for text in (f.old, f.new)])
    return [
        replace(c, fields=[Shown(f.label, tell(f.old), tell(f.new)) for f in c.fields])
        for c in changes
    ]


def _place(before: str) -> tuple[datetime, int, int] | None:
    moment, _, rest = before.partition("~")
    number, _, pgh_id = rest.partition("~")
    try:
        at = parse_datetime(moment)
        if at is None or at.tzinfo is None or not (number.isdecimal() and pgh_id.isdecimal()):
            return None
        at = at.astimezone(UTC)  # PostgreSQL takes no offset of 16 hours or more
    except (ValueError, OverflowError, ValidationError):
        return None
    return at, int(number[:9]), int(pgh_id[:9])


def _read(sources: Sequence[Source], place: tuple[datetime, int, int] | None) -> list[Raw]:
    branches, values = [], list[Any]()
    for number, source in enumerate(sources):
        branches.append(_branch(number, source, is_later=place is not None))
        values += [*source.values, *(place or ()), PAGE + 1]
    order = "ORDER BY at DESC, number DESC, pgh_id DESC LIMIT %s"
    with connection.cursor() as cursor:
        found = f"SELECT * FROM ({' UNION ALL '.join(branches)}) AS found {order}"  # noqa: S608
        cursor.execute(found, [*values, PAGE + 1])
        rows = cursor.fetchall()
    return [
        Raw(at, number, pgh_id, label, _map(context), sources[number].model, _map(old), _map(new))
        for at, number, pgh_id, label, context, old, new in rows
    ]


def _map(value: str | None) -> dict[str, Any]:
    """A JSON object as the database hands it over."""
    found: dict[str, Any] = json.loads(value) if value else {}
    return found


def _branch(number: int, source: Source, *, is_later: bool) -> str:
    """One table's newest rows; what came after a row is its next history, or the row itself."""
    table = source.model._meta.db_table
    past = history.event_model(source.model)._meta.db_table
    later = f" AND (e.pgh_created_at, {number}, e.pgh_id) < (%s, %s, %s)" if is_later else ""
    return f"""
        (SELECT e.pgh_created_at AS at, {number} AS number, e.pgh_id, e.pgh_label,
            e.pgh_context, to_jsonb(e) AS old,
            COALESCE(
                (SELECT to_jsonb(n) FROM "{past}" n WHERE n.pgh_obj_id = e.pgh_obj_id
                    AND n.pgh_id > e.pgh_id ORDER BY n.pgh_id LIMIT 1),
                (SELECT to_jsonb(o) FROM "{table}" o WHERE o.id = e.pgh_obj_id)
            ) AS new
        FROM "{past}" e WHERE {source.where}{later}
        ORDER BY e.pgh_created_at DESC, e.pgh_id DESC LIMIT %s)"""  # noqa: S608 -- our own tables


class _Words:
    """Puts values into words; what they name is looked up once for each kind of row."""

    def __init__(self, rows: Iterable[Raw], names: Names) -> None:
        wanted: dict[type[Model], set[Any]] = {}
        for row in rows:
            for field in [self._name_of(row), *row.differing()]:
                if isinstance(field, ForeignKey):
                    ids = {side.get(str(field.column)) for side in (row.old, row.new)} - {None}
                    wanted.setdefault(field.related_model, set()).update(ids)
        self._named = {model: names.rows(model, ids) for model, ids in wanted.items() if ids}

    @staticmethod
    def _name_of(row: Raw) -> Field[Any, Any]:
        return row.model._meta.get_field(history.name_field(row.model))  # type: ignore[return-value]

    def change(self, row: Raw) -> Change:
        """A row of the history in words."""
        name = self._name_of(row)
        called = self.value(name, row.old.get(str(name.column)))
        return Change(
            at=row.at,
            what=f"{row.model._meta.verbose_name} “{called}”",
            verb={"insert": "added", "delete": "removed"}.get(row.label, "changed"),
            who=_who(row.context),
            place=" · ".join(p for p in (row.context.get("path"), row.context.get("ip")) if p),
            fields=[self._field(row, field) for field in row.differing()],
            cursor=f"{row.at.isoformat()}~{row.number}~{row.pgh_id}",
        )

    def _field(self, row: Raw, field: Field[Any, Any]) -> Shown:
        old, new = (self.value(field, side.get(str(field.column))) for side in (row.old, row.new))
        return Shown(str(field.verbose_name), old, new)

    def value(self, field: Field[Any, Any], value: Any) -> str:
        """A stored value as a person would say it."""
        if value is None or value == "" or value == []:
            return NOTHING
        if isinstance(field, ForeignKey):
            return str(self._named[field.related_model].get(value) or f"number {value}")
        if isinstance(field, DateTimeField):
            moment = parse_datetime(value)
            return f"{moment:%d %b %Y %H:%M:%S} UTC" if moment else str(value)
        if isinstance(field, BooleanField):
            return "yes" if value else "no"
        if isinstance(value, list):
            return ", ".join(str(part) for part in value)
        said = str(dict(field.flatchoices).get(value, value))
        return said if len(said) <= LONGEST else f"{said[:LONGEST]}…"


def _who(context: dict[str, Any]) -> str:
    if context.get("name"):
        return str(context["name"])
    return "By the link in a mail" if context.get("path") == history.SECRET else NOBODY
