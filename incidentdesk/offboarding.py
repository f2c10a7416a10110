"""All that a partner sees, to be handed to it when it leaves: a zip with JSON and files.

What is in it is not chosen here: it is read as the portal's own database role, for this one
partner, every column that this role may read. So it holds what the partner could see and no more.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
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
README = """What {partner} could see at the incident desk, taken at {at} UTC by {by}.

tables/  one JSON file a kind of row; times are ISO 8601 in UTC, `id` is what others name
files/   what you sent and were sent, each under its key and its name
"""


@transaction.atomic
def export(*, partner_id: int, to: Path, by: Actor, at: datetime) -> dict[str, int]:
    """Write the zip and record that it was taken. Answers how many rows and files, by kind.

    Refuses where some of it belongs to a restricted incident that `by` may not open.
    """
    access.require(by, Permission.REGISTER_WRITE)
    partner = Partner.objects.filter(pk=partner_id).first()
    if partner is None:
        raise NotFound("There is no such partner.")
    if hidden := sealed.withheld(by, partner.pk):
        raise Conflict(
            f"{len(hidden)} of what {partner} sees belong to restricted incidents that you may not "
            "open; somebody who may has to take it."
        )
    with scope.partner_scope(partner.pk):
        tables = dict(_tables())
    files = [(row["id"], row["name"], UUID(str(row["key"]))) for row in tables.get(FILES, [])]
    said = README.format(partner=partner, at=f"{at:%Y-%m-%d %H:%M}", by=by.name)
    with zipfile.ZipFile(to, "x", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", said)
        for table, rows in tables.items():
            archive.writestr(f"tables/{_called(table)}.json", _json(rows))
        for pk, name, key in files:
            with archive.open(f"files/{pk}-{vault.shown_name(name)}", "w") as entry:
                for chunk in vault.read(key):
                    entry.write(chunk)
    counts = {_called(table): len(rows) for table, rows in tables.items()} | {"files": len(files)}
    about, name = f"partner:{partner.pk}", str(partner)
    audit.record(by=by, at=at, action="exported", about=about, name=name, **counts)
    return counts


def _tables() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Inside the scope: the rows of each table that the portal reads and that has any."""
    for table, columns in sorted(reach.readable_columns().items()):
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
