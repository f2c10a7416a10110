"""What people say of an anomaly, and what it does: true, false, expected; each can be taken back.

The threshold is not stored: it follows from the answers that stand. What an answer of “expected”
moved, the levels, stays moved when it is taken back.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from cases.anomalies import watches
from cases.detection.feedback import Answer
from cases.intake import figures
from cases.models import Anomaly, Series, SeriesState
from incidentdesk.kernel import access, audit, worker
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound


@transaction.atomic
def answer(*, anomaly_id: int, said: str, by: Actor, at: datetime) -> str:
    """Say what an anomaly was. Answers, in words, what that does to the series' threshold.

    “Expected” ends it and makes what is there now the level that is expected from now on.
    """
    access.require(by, Permission.INCIDENT_RESPOND)
    if said not in Anomaly.Answer.values:
        raise InvalidInput("An anomaly is true, a false alarm, or expected.")
    state, anomaly = _locked(anomaly_id)
    if anomaly.kind == Anomaly.Kind.LIMIT and said == Answer.EXPECTED:
        raise InvalidInput("A hard limit does not follow what is expected; change the limit.")
    if anomaly.answer:
        raise Conflict("It has its answer already; take that back first.")
    before = _answers(anomaly.series)
    anomaly.answer, anomaly.answered_at = said, at
    anomaly.answered_by_id = by.person_id
    anomaly.save(update_fields=["answer", "answered_at", "answered_by"])
    if said == Answer.EXPECTED:
        _expect(anomaly.series, state, at=at)
    elif anomaly.is_note and anomaly.ended_at is None:
        anomaly.ended_at = at
        anomaly.save(update_fields=["ended_at"])
    words = effect(anomaly, said, before)
    _record(
        anomaly, f"answered “{anomaly.get_answer_display()}” to an anomaly", words, by=by, at=at
    )
    worker.wake(figures.WATCH)
    return words


@transaction.atomic
def take_back(*, anomaly_id: int, by: Actor, at: datetime) -> str:
    """Take an answer back. Answers, in words, what that does to the series' threshold."""
    access.require(by, Permission.INCIDENT_RESPOND)
    _, anomaly = _locked(anomaly_id)
    if not anomaly.answer:
        raise Conflict("It has no answer that could be taken back.")
    series, before = anomaly.series, _answers(anomaly.series)
    said = anomaly.get_answer_display()
    anomaly.answer, anomaly.answered_at, anomaly.answered_by = "", None, None
    anomaly.save(update_fields=["answer", "answered_at", "answered_by"])
    words = changed(series, before, _answers(series))
    _record(anomaly, f"took back “{said}” of an anomaly", words, by=by, at=at)
    worker.wake(figures.WATCH)
    return words


def effect(anomaly: Anomaly, said: str, before: list[Answer] | None = None) -> str:
    """What an answer does, or would do, to the threshold: alarms from which p on, in words."""
    if anomaly.is_note:
        return "A drift is a note; no answer to it changes the threshold."
    known = _answers(anomaly.series) if before is None else before
    return changed(anomaly.series, known, [*known, Answer(said)])


def changed(series: Series, before: list[Answer], after: list[Answer]) -> str:
    """The threshold before and after, as the p from which on there are alarms, where that is
    known, and as -log10 of the mean of the looks' p, which is what is compared."""
    old, new = (watches.threshold_of(series, one) for one in (before, after))
    if old == new:
        return f"The threshold stays at {old:.2f}."
    way = "fewer alarms" if new > old else "more alarms"
    state = SeriesState.objects.filter(series=series).first()
    if state is not None and state.memory:
        watched = watches.made(series, before, state.memory)
        p_old, p_new = watches.p_of(watched, old), watches.p_of(watched, new)
        if p_old is not None and p_new is not None:
            at_p = f"It alarms from p < {p_new:.2g} instead of p < {p_old:.2g}"
            return f"{at_p} (threshold {new:.2f} instead of {old:.2f}): {way}."
    return f"The threshold is {new:.2f} instead of {old:.2f}: {way}."


def _answers(series: Series) -> list[Answer]:
    return watches.answers_of([series.pk]).get(series.pk, [])


def _locked(anomaly_id: int) -> tuple[SeriesState | None, Anomaly]:
    """The state of its series first, as the job locks them."""
    series_id = Anomaly.objects.filter(pk=anomaly_id).values_list("series_id", flat=True).first()
    if series_id is None:
        raise NotFound("There is no such anomaly.")
    states = SeriesState.objects.select_for_update(of=("self",)).filter(series_id=series_id)
    state = states.first()
    rows = Anomaly.objects.select_related("series__hours").select_for_update(of=("self",))
    return state, rows.get(pk=anomaly_id)


def _expect(series: Series, state: SeriesState | None, *, at: datetime) -> None:
    """The levels move to where the series is; what is open is over."""
    for one in series.anomalies.filter(ended_at=None):
        one.ended_at = max(at, one.began_at)
        one.save(update_fields=["ended_at"])
    if state is None or not state.memory:
        return
    watched = watches.made(series, _answers(series), state.memory)
    watched.accept()
    state.memory = watched.state()
    state.asks_at = watches.asks_at(series, watched, state.fed_until, asked=at)
    state.save(update_fields=["memory", "asks_at"])


def _record(anomaly: Anomaly, action: str, words: str, *, by: Actor, at: datetime) -> None:
    audit.record(
        by=by,
        at=at,
        action=action,
        about=f"series:{anomaly.series_id}",
        name=anomaly.series.name,
        anomaly=str(anomaly),
        effect=words,
    )
