"""`migrate` makes anew what a step needs, and the tables are the same as if it made everything."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.commands import migrate
from django.db import models
from django.db.migrations.state import ModelState, ProjectState

from incidentdesk.kernel import rendering
from tests.scratch import SHAPE, answers, scratch_database


@pytest.fixture
def state() -> Any:
    """Two models as a migration knows them, the second pointing at the first."""
    made = ProjectState()
    made.add_model(ModelState("desk", "System", [("id", models.AutoField(primary_key=True))]))
    to = models.ForeignKey("desk.System", on_delete=models.CASCADE)
    key = models.AutoField(primary_key=True)
    made.add_model(ModelState("desk", "Alert", [("id", key), ("system", to)]))
    assert made.apps
    return made


def _pointing_at_the_system(state: Any) -> list[type[models.Model]]:
    system = state.apps.get_model("desk", "System")
    return [relation.related_model for relation in system._meta.related_objects]


def test_a_step_makes_anew_its_own_model_and_a_step_of_code_sees_them_all_as_they_are(
    state: Any,
) -> None:
    system, alert = (state.apps.get_model("desk", name) for name in ("System", "Alert"))
    with rendering.of_what_changed():
        state.add_field("desk", "system", "rank", models.IntegerField(default=1), True)
        assert state.apps.get_model("desk", "System") is not system
        assert state.apps.get_model("desk", "System")._meta.get_field("rank")
        assert state.apps.get_model("desk", "Alert") is alert
        state.clear_delayed_apps_cache()  # as Django does before a step of code
        assert _pointing_at_the_system(state) == [state.apps.get_model("desk", "Alert")]


def test_what_others_point_at_changes_with_all_of_them_before_and_after_the_step(
    state: Any,
) -> None:
    with rendering.of_what_changed():
        state.add_field("desk", "system", "rank", models.IntegerField(default=1), True)
        before = state.clone()
        state.alter_field("desk", "system", "id", models.BigAutoField(primary_key=True), True)
        for one in (before, state):
            assert _pointing_at_the_system(one) == [one.apps.get_model("desk", "Alert")]


def test_a_new_model_points_at_those_that_are_there(state: Any) -> None:
    system = state.apps.get_model("desk", "System")
    with rendering.of_what_changed():
        to = models.ForeignKey("desk.System", on_delete=models.CASCADE)
        key = models.AutoField(primary_key=True)
        state.add_model(ModelState("desk", "Note", [("id", key), ("system", to)]))
        note = state.apps.get_model("desk", "Note")
        assert note._meta.get_field("system").related_model is system


def test_outside_of_it_django_does_as_ever() -> None:
    before = ProjectState.reload_model
    with rendering.of_what_changed():
        assert ProjectState.reload_model is not before
    assert ProjectState.reload_model is before


@pytest.mark.long
def test_the_tables_are_those_that_django_s_own_way_makes(
    django_db_setup: None, django_db_blocker: Any
) -> None:
    with scratch_database(django_db_blocker) as scratch:
        made = answers(scratch, SHAPE)
        for app in ("reviews", "cases"):
            call_command("migrate", app, "zero", database=scratch, verbosity=0)
        call_command(migrate.Command(), database=scratch, interactive=False, verbosity=0)
        assert answers(scratch, SHAPE) == made
