"""All that a partner sees, to be handed to it when it leaves: a zip with JSON and files.

What is in it is not chosen here: it is read as the portal's own database role, for this one
partner, every column that this role may read. So it holds what the partner could see and no more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.utils.text import slugify

from cases import vault
from incidentdesk.isolation import reach
from incidentdesk.kernel import access, audit, scope, sealed
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, NotFound
from partners.models import Partner

FILES = "cases_sharedfile"
MACHINERY = ("auth_", "django_", "partners_partneruserobjectpermission")  # the framework's own rows
README = """What {partner} could see at the incident desk, taken at {at} UTC by {by}.

tables/  one JSON file a kind of row; times are ISO 8601 in UTC, `id` is what others name
files/   what you sent and were sent, each under its key and its name
"""


@dataclass(frozen=True)
class Taken:
    """The zip before it is made: its name, its texts, its files, and how many of each kind."""

    name: str
    texts: dict[str, str]
    files: list[tuple[str, UUID]]
    counts: dict[str, int]

    def chunks(self) -> Iterator[bytes]:
        """Its bytes, made while they are read; without the database."""
        return vault.zipped(self.texts, self.files)


@transaction.atomic
def export(
    *, partner_id: int, to: Path, reason: str = "", by: Actor, at: datetime
) -> dict[str, int]:
    """Write the zip to a file that is not there yet; see `take`. Answers how many of each kind."""
    access.require(by, Permission.REGISTER_WRITE)
    taken = take(partner_id=partner_id, reason=reason, by=by, at=at)
    with to.open("xb") as file:
        for chunk in taken.chunks():
            file.write(chunk)
    return taken.counts


def foresee(*, partner_id: int, actor: Actor) -> dict[str, int]:
    """How many rows of each kind, and files, `take` would hold. Refuses what that refuses."""
    partner = _partner(partner_id, actor)
    found: dict[str, int] = {}
    with scope.partner_scope(partner.pk), connection.cursor() as cursor:
        for table in _of_the_partner():
            cursor.execute(f'SELECT count(*) FROM "{table}"')  # noqa: S608 -- our names
            if count := cursor.fetchone()[0]:
                found[_called(table)] = count
                if table == FILES:
                    found["files"] = count
    return found


@transaction.atomic
def take(*, partner_id: int, reason: str = "", by: Actor, at: datetime) -> Taken:
    """All that a partner sees, and a line on the audit trail that it was taken.

    Refuses where some of it belongs to a restricted incident that `by` may not open.
    """
    access.require(by, Permission.REGISTER_WRITE)
    partner = _partner(partner_id, by)
    with scope.partner_scope(partner.pk):
        tables = dict(_tables())
    said = README.format(partner=partner, at=f"{at:%Y-%m-%d %H:%M}", by=by.name)
    texts = {"README.txt": said}
    texts |= {f"tables/{_called(table)}.json": _json(rows) for table, rows in tables.items()}
    files = [
        (f"files/{row['id']}-{vault.shown_name(row['name'])}", UUID(str(row["key"])))
        for row in tables.get(FILES, [])
    ]
    counts = {_called(table): len(rows) for table, rows in tables.items()} | {"files": len(files)}
    known = {"name": str(partner), "reason": reason, **counts}
    audit.record(by=by, at=at, action="exported", about=f"partner:{partner.pk}", **known)
    return Taken(f"{partner.code}-{at:%Y-%m-%d}.zip", texts, files, counts)


def _partner(partner_id: int, by: Actor) -> Partner:
    """The partner, if nothing of what it sees is hidden from `by`."""
    partner = Partner.objects.filter(pk=partner_id).first()
    if partner is None:
        raise NotFound("There is no such partner.")
    if hidden := sealed.withheld(by, partner.pk):
        raise Conflict(
            f"{len(hidden)} of what {partner} sees belong to restricted incidents that you may not "
            "open; somebody who may has to take it."
        )
    return partner


def _of_the_partner() -> dict[str, set[str]]:
    """The tables and columns that the portal reads, but for what only says how it is built."""
    known = reach.readable_columns()
    return {name: known[name] for name in sorted(known) if not name.startswith(MACHINERY)}


def _tables() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Inside the scope: the rows of each table that the portal reads and that has any."""
    for table, columns in _of_the_partner().items():
        names = ", ".join(f'"{name}"' for name in sorted(columns))
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT {names} FROM "{table}" ORDER BY 1')  # noqa: S608 -- our names
            heads = [column.name for column in cursor.description]
            rows = [dict(zip(heads, row, strict=True)) for row in cursor.fetchall()]
        if rows:
            yield table, rows


def _called(table: str) -> str:
    """`notices`, as its model is called; a table without one by its own name."""
    model = next((m for m in apps.get_models() if m._meta.db_table == table), None)
    return str(slugify(str(model._meta.verbose_name_plural))) if model else table


def _json(rows: list[dict[str, Any]]) -> str:
    return json.dumps(rows, cls=DjangoJSONEncoder, indent=2, ensure_ascii=False)
