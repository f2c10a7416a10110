"""A new desk has a ladder for every severity, with the minutes that the targets ask for."""

from __future__ import annotations

import pytest
from django.apps import apps

from notifications import defaults
from notifications.models import EscalationPath, Group
from tests.notifications.conftest import start

FIRST, SECOND, MANAGERS = "First responders", "Second responders", "Duty managers"


def ladders() -> dict[str, list[tuple[int, list[str]]]]:
    """The default paths as plain values."""
    paths = EscalationPath.objects.filter(name__startswith="SEV-")
    return {
        path.name: [
            (step.after_minutes, sorted(group.name for group in step.groups.all()))
            for step in path.steps.order_by("position")
        ]
        for path in paths
    }


@pytest.mark.django_db
def test_the_default_ladders_are_those_of_the_severities(default_paths: None) -> None:
    everybody = sorted([FIRST, SECOND, MANAGERS])
    assert ladders() == {
        "SEV-1": [(0, [FIRST]), (3, [SECOND]), (6, [MANAGERS]), (10, everybody)],
        "SEV-2": [(0, [FIRST]), (10, [SECOND]), (20, [MANAGERS]), (30, everybody)],
        "SEV-3": [(0, [FIRST]), (30, [SECOND]), (60, [MANAGERS])],
        "SEV-4": [(1440, [FIRST])],
    }


@pytest.mark.django_db
@pytest.mark.parametrize("severity", [1, 2, 3, 4])
def test_every_severity_and_any_category_has_its_path(severity: int, default_paths: None) -> None:
    row = start(severity=severity, category="whatever an administrator added")

    assert row.path is not None
    assert row.path.name == f"SEV-{severity}"


@pytest.mark.django_db
def test_loading_the_defaults_again_keeps_what_somebody_changed(default_paths: None) -> None:
    EscalationPath.objects.filter(name="SEV-1").update(repeat_minutes=5)

    defaults.load(apps)

    assert EscalationPath.objects.get(name="SEV-1").repeat_minutes == 5
    assert len(ladders()["SEV-1"]) == 4


@pytest.mark.django_db
def test_the_defaults_can_be_taken_back_but_for_a_path_in_use(default_paths: None) -> None:
    start(severity=2)

    defaults.unload(apps)

    assert [path.name for path in EscalationPath.objects.all()] == ["SEV-2"]
    assert Group.objects.count() == 0
