"""Migrations: none is missing, each has a way back, and back and forth ends where it began."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import migrations
from django.db.migrations.loader import MigrationLoader

from tests.released import MIGRATIONS as RELEASED
from tests.scratch import SHAPE, answers, scratch_database

OURS = ("kernel", "partners", "notifications", "cases", "reviews")


def _operations() -> Iterator[tuple[str, migrations.operations.base.Operation]]:
    for (app, name), migration in MigrationLoader(None).disk_migrations.items():
        if app in OURS:
            for operation in migration.operations:
                yield f"{app}.{name}", operation


def _is_released() -> bool:
    """Whether nothing was added since."""
    loader = MigrationLoader(None)
    last = {app: loader.get_migration_by_prefix(app, name) for app, name in RELEASED.items()}
    return all((app, found.name) in loader.graph.leaf_nodes() for app, found in last.items())


@pytest.mark.django_db
def test_no_migration_is_missing(capsys):
    call_command("makemigrations", check=True, dry_run=True)
    assert "No changes detected" in capsys.readouterr().out


def test_every_step_of_every_migration_has_a_way_back():
    assert {name for name, operation in _operations() if not operation.reversible} == set()
    assert {name.split(".")[0] for name, _ in _operations()} == set(OURS)


@pytest.mark.long
@pytest.mark.fault("F29", "to the release before and forth")
def test_they_go_back_to_the_release_before_and_forth_again(
    django_db_setup: None, django_db_blocker: Any
) -> None:
    with scratch_database(django_db_blocker) as scratch:
        before = answers(scratch, SHAPE)
        for app, name in RELEASED.items():
            call_command("migrate", app, name, database=scratch, verbosity=0)
        assert (answers(scratch, SHAPE) == before) is _is_released()
        call_command("migrate", database=scratch, verbosity=0)
        assert answers(scratch, SHAPE) == before
