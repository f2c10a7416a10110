"""The whole of one series: limits, statistics, silence, standing still, drift. Pure; the way in.

`observe` takes each figure in order, `tick` is asked once a minute whether the series has fallen
silent. A series has one open anomaly at most: what else goes wrong meanwhile belongs to it. What
an open anomaly shows does not move the levels, so that nobody trains the detector by attacking
slowly, until a person says that it is expected (`accept`) or `patience` figures have passed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cases.detection.alarm import Alarm, Kind
from cases.detection.detector import LARGEST, VERSION, Detector, Reading
from cases.detection.drift import Drift
from cases.detection.episodes import MINUTES, Episode, Hold, Step
from cases.detection.limits import Limits
from cases.detection.presence import TIMES_MEDIAN, Presence
from cases.detection.sessions import ROUND_THE_CLOCK, Session
from cases.detection.tail import EXTREME

THRESHOLD = 2.0  # -log10 p
AT_ONCE = (Kind.LIMIT, Kind.STUCK)


@dataclass(frozen=True)
class Settings:
    """What people set for a series; the threshold comes from `feedback.threshold`."""

    session: Session = ROUND_THE_CLOCK
    limits: Limits = field(default_factory=Limits)
    threshold: float = THRESHOLD
    hold: Hold = MINUTES
    patience: int | None = None  # figures of an anomaly that move no levels; None is all of them
    may_stand_still: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a figure: how it reads, what it did to the anomaly, what is to be told."""

    reading: Reading | None
    step: Step
    alarms: tuple[Alarm, ...] = ()
    ended: Kind | None = None  # the anomaly that is over; another may begin with the same figure


class Watch:
    """One watched series. A figure that is not newer than the last one is refused."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.detector = Detector(settings.session)
        self.presence = Presence()
        self.drift = Drift()
        self.episode = Episode()
        self.kind: Kind | None = None  # of the open anomaly
        self.waited = 0

    def observe(self, at: datetime, value: float) -> Verdict:
        """Judges a figure by what came before it, then learns from it."""
        if refusal := self.refuses(at, value):
            raise ValueError(refusal)
        reading = self.detector.look(at, value, band=self.settings.threshold)
        ended = None
        if self.kind is Kind.SILENT:  # it speaks again
            self.episode, self.kind, ended = Episode(), None, Kind.SILENT
        self.presence.heard(at, value, self.settings.session)
        wrong = self._wrong(reading)
        at_once = wrong in AT_ONCE or (wrong is not None and reading.strongest >= EXTREME)
        step = self.episode.feed(
            self.settings.hold, is_strange=wrong is not None, is_extreme=at_once
        )
        alarms: tuple[Alarm, ...] = ()
        if step is Step.BEGAN and wrong is not None:
            self.kind = wrong
            alarms = (self._alarm(at, reading, wrong),)
        elif step is Step.ENDED:
            self.kind, ended = None, self.kind
            self.detector.settle(self.settings.threshold)
        return Verdict(reading, step, alarms + self._learn(at, reading, wrong), ended)

    def refuses(self, at: datetime, value: float) -> str | None:
        """Why a figure cannot be taken, in a sentence, or None."""
        if not abs(value) < LARGEST:  # nor is it, of what is not a number
            return f"{value} is not a figure that can be watched."
        if self.presence.last_at is not None and at <= self.presence.last_at:
            return f"The figure of {at.isoformat()} is not newer than the last one."
        return None

    def tick(self, now: datetime) -> Verdict:
        """Whether the series has fallen silent by now."""
        silence = self.presence.silence(now, self.settings.session)
        allowed = self.presence.silent_after()
        if silence is None or allowed is None or self.episode.is_open:
            return Verdict(None, Step.NOTHING)
        self.episode.is_open, self.kind = True, Kind.SILENT
        words = f"nothing for {_length(silence)}; usual are {_length(allowed / TIMES_MEDIAN)}"
        alarm = Alarm(Kind.SILENT, now, words, VERSION, window=_length(allowed))
        return Verdict(None, Step.BEGAN, (alarm,))

    def accept(self) -> None:
        """A person said that this is how the series is to be: the anomaly ends, the levels move."""
        self.detector.accept()
        self.presence.accept(is_silent=self.kind is Kind.SILENT)
        self.drift.agree(self.detector.baseline)
        self.episode, self.kind, self.waited = Episode(), None, 0

    def state(self) -> dict[str, Any]:
        """Everything it remembers, as JSON holds it."""
        return {
            "detector": self.detector.state(),
            "presence": self.presence.state(),
            "drift": self.drift.state(),
            "episode": self.episode.state(),
            "kind": self.kind and self.kind.value,
            "waited": self.waited,
        }

    @classmethod
    def restored(cls, state: Mapping[str, Any], settings: Settings) -> Watch:
        """The one that had this state goes on as if it had never stopped."""
        watch = cls(settings)
        watch.detector = Detector.restored(state["detector"], settings.session)
        watch.presence = Presence.restored(state["presence"])
        watch.drift = Drift.restored(state["drift"])
        watch.episode = Episode.restored(state["episode"])
        watch.kind = state["kind"] and Kind(state["kind"])
        watch.waited = state["waited"]
        return watch

    def _wrong(self, reading: Reading) -> Kind | None:
        """What is wrong with a figure; absolute guards come before statistics."""
        if self.settings.limits.broken_by(reading.value):
            return Kind.LIMIT
        if self.presence.is_stuck() and not self.settings.may_stand_still:
            return Kind.STUCK
        threshold = self.settings.threshold
        if reading.surprise < threshold:
            return None
        is_over = self.episode.is_open and self.detector.is_echo(threshold)
        return None if is_over else Kind.UNUSUAL

    def _learn(self, at: datetime, reading: Reading, wrong: Kind | None) -> tuple[Alarm, ...]:
        """The past grows by the figure; if it moves the levels, a note of drift may follow."""
        is_odd = wrong is not None or self.episode.is_open
        self.waited = self.waited + 1 if is_odd else 0
        if wrong in AT_ONCE:
            return ()
        moves = may_move(self.waited, self.settings.patience)
        self.detector.learn(reading, moves_levels=moves)
        if not moves:
            return ()
        note = self.drift.feed(reading.slot, reading.value, self.detector.baseline)
        if note is None:
            return ()
        way = "above" if note.shift > 0 else "below"
        words = f"lies {abs(note.shift):.4g} {way} the levels that were agreed to"
        return (Alarm(Kind.DRIFT, at, words, VERSION, reading.value, reading.expected),)

    def _alarm(self, at: datetime, reading: Reading, kind: Kind) -> Alarm:
        if kind is Kind.LIMIT:
            words = f"{reading.value:.6g} is {self.settings.limits.broken_by(reading.value)}"
        elif kind is Kind.STUCK:
            words = f"{reading.value:.6g} for the {self.presence.equal}th time in a row"
        else:
            words = f"{reading.value:.6g} where {reading.expected:.6g} was expected"
        return Alarm(
            kind=kind,
            at=at,
            words=words,
            model=VERSION,
            value=reading.value,
            expected=reading.expected,
            low=reading.low,
            high=reading.high,
            p=reading.p,
            surprise=reading.surprise,
            window=f"{reading.window} figures",
        )


def may_move(waited: int, patience: int | None) -> bool:
    """Whether a figure moves the levels after so many figures of an anomaly in a row."""
    return not waited or (patience is not None and waited > patience)


def _length(span: timedelta) -> str:
    seconds = span.total_seconds()
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
