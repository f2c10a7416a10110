"""What dies while a delivery is taken in: nothing, or all of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cases.intake import alerts
from cases.models import Event, Incident
from incidentdesk.kernel import clocks, failpoints
from tests.cases.intake.conftest import alert, answer, call
from tests.faults import promises

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("source")]


@pytest.mark.fault("F10", "an exception just before the commit of a delivery")
def test_what_fails_before_its_commit_is_kept_alone_and_opened_once(
    post, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failpoints, "FOLDER", tmp_path)
    (tmp_path / "intake.before_commit").write_text("raise")
    assert answer(post(call(alert())))["incident"] is None
    assert (Event.objects.get().outcome, Incident.objects.count()) == ("pending", 0)
    for _ in range(2):
        alerts.open_pending(at=clocks.now())
    assert (Event.objects.get().outcome, Incident.objects.count()) == ("done", 1)
    assert promises.broken() == []
