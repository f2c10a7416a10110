"""Switching a series on and off, and how it is watched."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime

from django.db import transaction

from cases.anomalies import backtest, watches
from cases.intake import figures
from cases.models import Series, SeriesState
from incidentdesk.kernel import access, audit, worker
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound

SEEN = "It is watched otherwise than in the back-test that you saw; look at it again."


@dataclass(frozen=True)
class How:
    """How a series is watched; names as in `Series`."""

    kind: str
    hours_id: int | None = None
    may_stand_still: bool = False
    may_be_silent: bool = False
    both_ways: bool = False
    system_id: int | None = None
    partner_id: int | None = None


@transaction.atomic
def change(*, series_id: int, how: How, by: Actor, at: datetime) -> Series:
    """Watch a series in another way. Of another kind or hours, one that is on learns anew."""
    access.require(by, Permission.REGISTER_WRITE)
    series, state = _locked(series_id)
    if how.kind not in Series.Kind.values:
        raise InvalidInput("A series is a level, a count or a ratio.")
    learned_by = (series.kind, series.hours_id)
    names = [one.name for one in fields(How)]
    for name in names:
        setattr(series, name, getattr(how, name))
    series.save(update_fields=[name.removesuffix("_id") for name in names])
    if state is not None and learned_by != (series.kind, series.hours_id):
        _begin(series, at=at)
    _record(series, "changed how a series is watched", by=by, at=at)
    return series


@transaction.atomic
def limit(
    *, series_id: int, lowest: float | None, highest: float | None, by: Actor, at: datetime
) -> Series:
    """Set the lowest and the highest figure that is allowed, whatever was learned; None is none."""
    access.require(by, Permission.REGISTER_WRITE)
    if lowest is not None and highest is not None and lowest > highest:
        raise InvalidInput(f"No figure is at least {lowest:g} and at most {highest:g}.")
    series, _ = _locked(series_id)
    if series.is_counted and (lowest is not None or highest is not None):
        raise InvalidInput("Hard limits are for levels; a count is held against its usual rate.")
    series.lowest, series.highest = lowest, highest
    series.save(update_fields=["lowest", "highest"])
    _record(series, "set the hard limits of a series", by=by, at=at, low=lowest, high=highest)
    worker.wake(figures.WATCH)
    return series


@transaction.atomic
def switch_on(*, series_id: int, seen: str, by: Actor, at: datetime) -> Series:
    """Watch a series from now on. `seen` is the proof of the back-test that was looked at.

    The detector learns what is stored first, and tells nobody of it.
    """
    access.require(by, Permission.REGISTER_WRITE)
    series, _ = _locked(series_id)
    if series.is_on:
        raise Conflict("It is on already.")
    if seen != backtest.proof_of(series):
        raise Conflict(SEEN)
    series.spacing = backtest.spacing_of(backtest.newest(series, at=at))
    _switch(series, True, by=by, at=at)
    _begin(series, at=at)
    _record(series, "switched on a series", by=by, at=at)
    return series


@transaction.atomic
def switch_off(*, series_id: int, by: Actor, at: datetime) -> Series:
    """Watch a series no longer: what is open ends, what was learned is forgotten."""
    access.require(by, Permission.REGISTER_WRITE)
    series, state = _locked(series_id)
    if not series.is_on:
        raise Conflict("It is off already.")
    if state is not None:
        state.delete()
    _end(series, at=at)
    _switch(series, False, by=by, at=at)
    _record(series, "switched off a series", by=by, at=at)
    worker.wake(figures.WATCH)
    return series


def _locked(series_id: int) -> tuple[Series, SeriesState | None]:
    """The state first, as the job locks it, then the series."""
    states = SeriesState.objects.select_for_update(no_key=True)
    state = states.filter(series_id=series_id).first()
    # Its figures refer to it, and come in meanwhile.
    rows = Series.objects.select_related("hours").select_for_update(of=("self",), no_key=True)
    series = rows.filter(pk=series_id).first()
    if series is None:
        raise NotFound("There is no such series.")
    return series, state


def _switch(series: Series, is_on: bool, *, by: Actor, at: datetime) -> None:
    series.is_on, series.switched_at, series.switched_by_id = is_on, at, by.person_id
    series.save(update_fields=["is_on", "switched_at", "switched_by", "spacing"])


def _begin(series: Series, *, at: datetime) -> None:
    """It learns what is stored, anew; what is open ends."""
    _end(series, at=at)
    SeriesState.objects.update_or_create(
        series=series,
        defaults={
            "version": watches.version_of(series),
            "fed_until": None,
            "learns_until": at,
            "asks_at": None,
            "memory": {},
        },
    )
    worker.wake(figures.WATCH)


def _end(series: Series, *, at: datetime) -> None:
    for one in series.anomalies.filter(ended_at=None):
        one.ended_at = max(at, one.began_at)
        one.save(update_fields=["ended_at"])


def _record(series: Series, action: str, *, by: Actor, at: datetime, **detail: object) -> None:
    audit.record(
        by=by, at=at, action=action, about=f"series:{series.pk}", name=series.name, **detail
    )
