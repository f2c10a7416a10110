"""What people say of an anomaly: its effect is said before and after, and can be taken back."""

from __future__ import annotations

import pytest

from cases.anomalies import answers, watches, watching
from cases.detection.feedback import Answer
from cases.intake import figures
from cases.intake.metrics import Figure
from cases.models import Anomaly, SeriesState
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from incidentdesk.kernel.models import AuditEvent
from tests.cases.anomalies.conftest import MINUTE, latency
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def anomaly(stored, switched_on, metrics):
    """A spike in a series that is watched."""
    switched_on(stored(latency(600)))
    figures.store(source=metrics, figures=[Figure("latency_ms", 60.0, NOW)], at=NOW)
    watching.watch(at=NOW)
    return Anomaly.objects.get()


def said(anomaly):
    anomaly.refresh_from_db()
    return anomaly.answer, anomaly.answered_by and anomaly.answered_by.name, anomaly.answered_at


def thresholds(anomaly):
    known = watches.answers_of([anomaly.series_id]).get(anomaly.series_id, [])
    return watches.threshold_of(anomaly.series, known)


def test_a_false_alarm_raises_the_threshold_and_says_from_which_p_on(anomaly, people):
    by = people.actor("responder")
    before = answers.effect(anomaly, Answer.FALSE)
    words = answers.answer(anomaly_id=anomaly.pk, said="false", by=by, at=NOW)
    assert words == before
    assert words.startswith("It alarms from p < ")
    assert words.endswith(" (threshold 2.40 instead of 2.00): fewer alarms.")
    new, old = (float(part.split(" ")[0]) for part in words.split("p < ")[1:])
    assert new < old < 0.02
    assert said(anomaly) == ("false", "Responder", NOW)
    assert thresholds(anomaly) == 2.4
    assert anomaly.ended_at is None  # the figures end it
    line = AuditEvent.objects.order_by("-id").first()
    assert (line.action, line.about) == (
        "answered “false alarm” to an anomaly",
        f"series:{anomaly.series_id}",
    )
    assert line.detail["effect"] == words


def test_an_answer_is_taken_back_and_the_threshold_is_as_it_was(anomaly, people):
    by = people.actor("commander")
    answers.answer(anomaly_id=anomaly.pk, said="true", by=by, at=NOW)
    assert thresholds(anomaly) == 1.9
    with pytest.raises(Conflict, match="It has its answer already; take that back first"):
        answers.answer(anomaly_id=anomaly.pk, said="false", by=by, at=NOW)
    words = answers.take_back(anomaly_id=anomaly.pk, by=by, at=NOW)
    assert words.endswith("(threshold 2.00 instead of 1.90): fewer alarms.")
    assert said(anomaly) == ("", None, None)
    assert thresholds(anomaly) == 2.0
    with pytest.raises(Conflict, match="It has no answer that could be taken back"):
        answers.take_back(anomaly_id=anomaly.pk, by=by, at=NOW)


def test_expected_ends_it_and_moves_the_levels(anomaly, people):
    before = SeriesState.objects.get().memory["detector"]["baseline"]["level"]
    answers.answer(
        anomaly_id=anomaly.pk, said="expected", by=people.actor("responder"), at=NOW + MINUTE
    )
    anomaly.refresh_from_db()
    assert anomaly.ended_at == NOW + MINUTE
    state = SeriesState.objects.get()
    assert state.memory["detector"]["baseline"]["level"] > before + 2
    assert state.memory["episode"]["is_open"] is False


def test_silence_that_is_expected_is_not_an_alarm_a_minute_later(stored, switched_on, people):
    switched_on(stored(latency(300)))
    watching.watch(at=NOW)
    watching.watch(at=NOW + 5 * MINUTE)
    silent = Anomaly.objects.get()
    by = people.actor("responder")
    answers.answer(anomaly_id=silent.pk, said="expected", by=by, at=NOW + 6 * MINUTE)
    watching.watch(at=NOW + 60 * MINUTE)
    assert Anomaly.objects.count() == 1


def test_a_hard_limit_does_not_follow_what_is_expected(anomaly, people):
    Anomaly.objects.update(kind="limit")
    with pytest.raises(InvalidInput, match="A hard limit does not follow"):
        answers.answer(anomaly_id=anomaly.pk, said="expected", by=people.actor("responder"), at=NOW)


def test_an_answer_to_a_drift_ends_the_note_and_moves_no_threshold(anomaly, people):
    Anomaly.objects.update(kind="drift")
    words = answers.answer(
        anomaly_id=anomaly.pk, said="true", by=people.actor("responder"), at=NOW + MINUTE
    )
    assert words == "A drift is a note; no answer to it changes the threshold."
    assert thresholds(anomaly) == 2.0
    anomaly.refresh_from_db()
    assert anomaly.ended_at == NOW + MINUTE


def test_who_only_reads_says_nothing_and_what_is_not_there_is_not_found(anomaly, people):
    with pytest.raises(NotAllowed):
        answers.answer(anomaly_id=anomaly.pk, said="true", by=people.actor("auditor"), at=NOW)
    by = people.actor("responder")
    with pytest.raises(InvalidInput, match="true, a false alarm, or expected"):
        answers.answer(anomaly_id=anomaly.pk, said="perhaps", by=by, at=NOW)
    with pytest.raises(NotFound):
        answers.answer(anomaly_id=0, said="true", by=by, at=NOW)
