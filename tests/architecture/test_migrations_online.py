"""What was added since the last release can be migrated while the release before still runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    RemoveIndexConcurrently,
)
from django.db import migrations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.migration import Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import NOT_PROVIDED, CheckConstraint, Field, Index, Q, UniqueConstraint

from tests.architecture.test_migrations import OURS
from tests.released import MIGRATIONS as RELEASED

# Tables that grow with what comes in, not with who works here: nothing may scan them under a lock.
GROWS = {
    *(("cases", name) for name in ("accessevent", "alert", "deadline", "entry", "event")),
    *(("cases", name) for name in ("incident", "incidentevent", "involvement", "letter")),
    *(("cases", name) for name in ("observation", "partnerevent", "receipt")),
    ("kernel", "auditevent"),
    ("notifications", "message"),
    ("partners", "delivery"),
}
TAKES_AWAY = (
    migrations.RemoveField,
    migrations.DeleteModel,
    migrations.RenameField,
    migrations.RenameModel,
    migrations.AlterModelTable,
)
Named = tuple[str, str]


def _new() -> tuple[ProjectState, list[Migration]]:
    """What the last release has, and the migrations since."""
    loader = MigrationLoader(None)
    last = [(app, loader.get_migration_by_prefix(app, name).name) for app, name in RELEASED.items()]
    known = {key for one in last for key in loader.graph.forwards_plan(one)}
    new = [
        migration
        for (app, name), migration in sorted(loader.disk_migrations.items())
        if app in OURS and (app, name) not in known
    ]
    return loader.project_state(last), new


def _touches(app: str, operation: Operation) -> Named:
    name = getattr(operation, "model_name", None) or getattr(operation, "name", "")
    return app, str(name).lower()


def faults(released: ProjectState, migration: Migration) -> Iterator[str]:
    """What of it the release before would not survive, or would have to wait for."""
    is_prepared = False  # whether the operation before took away what an attempt may have left
    for operation in migration.operations:
        touched = _touches(migration.app_label, operation)
        if touched in released.models:
            yield from _on_a_released_table(released, touched, operation)
            if isinstance(operation, AddIndexConcurrently) and not is_prepared:
                yield f"{operation.describe()}: begin with DROP INDEX CONCURRENTLY IF EXISTS"
        yield from _dropped(released, migration.app_label, operation)
        is_prepared = "DROP INDEX CONCURRENTLY IF EXISTS" in str(getattr(operation, "sql", ""))


def _on_a_released_table(
    released: ProjectState, touched: Named, operation: Operation
) -> Iterator[str]:
    said = f"{touched[0]}: {operation.describe()}"
    if isinstance(operation, TAKES_AWAY):
        yield f"{said}: the code before still names it; take it out of the state first"
    elif isinstance(operation, migrations.AddField):
        field = operation.field
        if not (field.null or field.many_to_many or field.db_default is not NOT_PROVIDED):
            yield f"{said}: the code before writes rows without it; give it a db_default"
    elif isinstance(operation, migrations.AlterField):
        was = released.models[touched].fields.get(operation.name.lower())
        if isinstance(was, Field) and was.null and not operation.field.null:
            yield f"{said}: the code before still writes NULL"
    if touched not in GROWS:
        return
    if isinstance(operation, (migrations.AddIndex, migrations.RemoveIndex)) and not isinstance(
        operation, (AddIndexConcurrently, RemoveIndexConcurrently)
    ):
        yield f"{said}: nothing can be written meanwhile; do it concurrently"
    elif (
        isinstance(operation, migrations.AddConstraint)
        and isinstance(operation.constraint, (CheckConstraint, UniqueConstraint))
        and not isinstance(operation, AddConstraintNotValid)
    ):
        yield f"{said}: every row is looked at under a lock; NOT VALID, then validate it"


def _dropped(released: ProjectState, app: str, operation: Operation) -> Iterator[str]:
    """Columns that go by SQL, though the code of the release before has them."""
    for table, column in re.findall(
        r"ALTER TABLE (\w+) DROP COLUMN (?:IF EXISTS )?(\w+)", str(getattr(operation, "sql", ""))
    ):
        model = released.models.get((app, table.removeprefix(f"{app}_")))
        if model is not None and column.removesuffix("_id") in model.fields:
            yield f"{app}: {table}.{column} goes while the code before still names it"


def test_the_release_before_goes_on_while_the_tables_are_brought_up_to_date() -> None:
    released, new = _new()
    assert [one for migration in new for one in faults(released, migration)] == []


def test_the_tables_that_grow_are_tables_of_the_desk() -> None:
    assert set(MigrationLoader(None).project_state().models) >= GROWS


class _Sample(Migration):
    operations = [
        migrations.RemoveField("incident", "title"),
        migrations.AddField("incident", "colour", Field()),
        migrations.AddField("incident", "shade", Field(null=True)),
        migrations.AlterField("incident", "contained_at", Field()),
        migrations.AddIndex("alert", Index("source", name="plain")),
        AddIndexConcurrently("alert", Index("source", name="unprepared")),
        migrations.AddConstraint("entry", CheckConstraint(condition=Q(pk__gt=0), name="seen")),
        migrations.AddConstraint("system", CheckConstraint(condition=Q(pk__gt=0), name="few")),
        migrations.RunSQL("ALTER TABLE cases_incident DROP COLUMN title"),
        migrations.RunSQL("ALTER TABLE cases_incident DROP COLUMN gone_since_the_release_before"),
        migrations.RemoveField("sketch", "title"),
    ]


def test_each_kind_of_fault_is_found() -> None:
    released, _ = _new()
    assert [
        one.split(":")[-1].split(";")[0] for one in faults(released, _Sample("x", "cases"))
    ] == [
        " the code before still names it",
        " the code before writes rows without it",
        " the code before still writes NULL",
        " nothing can be written meanwhile",
        " begin with DROP INDEX CONCURRENTLY IF EXISTS",
        " every row is looked at under a lock",
        " cases_incident.title goes while the code before still names it",
    ]
