"""`python -m bench.nab`: the desk's detector on the Numenta Anomaly Benchmark, beside the others.

NAB_DIR names the data (data/<group>/<series>.csv, windows.json, published/<detector>/…). The
detector is the desk's own, with one set of parameters for all series; it knows neither the name,
the length nor the range of a series and sees each row once. What it says is an alarm as the desk
has it: what is strange while an anomaly is open belongs to that anomaly.
"""

from __future__ import annotations

import csv
import json
import os
import random
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench import nab_table
from bench.nab_scoring import PROFILES, Labels, Profile, Scored, counted, together
from cases.detection.episodes import MINUTES, SLOW, Hold, Step
from cases.detection.watch import THRESHOLD, Settings, Watch

THRESHOLDS = tuple(n / 10 for n in range(14, 29, 2))
HALVINGS = 20
SECOND = timedelta(seconds=1)
WEEK = 7 * 24 * 3600


@dataclass(frozen=True)
class Series:
    """One series of the corpus; its name is for sorting and for people."""

    name: str
    at: list[datetime]
    values: list[float]
    labels: Labels

    @property
    def weeks(self) -> float:
        """How long its scored part is."""
        return (self.at[-1] - self.at[self.labels.probation]).total_seconds() / WEEK


def load(folder: Path) -> list[Series]:
    """Every series that has labels, by name."""
    windows = json.loads((folder / "windows.json").read_text())
    return [_series(folder / "data" / name, name, windows[name]) for name in sorted(windows)]


def published(folder: Path, detector: str, many: Sequence[Series]) -> list[Scored]:
    """The stored scores of a published detector."""
    return [
        Scored(
            one.labels,
            [
                float(line)
                for line in (folder / "published" / detector / one.name).read_text().split()[1:]
            ],
        )
        for one in many
    ]


def read(
    one: Series,
    threshold: float = THRESHOLD,
    hold: Hold = SLOW,
    patience: int | None = 0,  # nobody answers an anomaly here
) -> Scored:
    """The desk's own watch over one series: its surprise where an anomaly begins, 0 elsewhere.

    Fifteen rows of the corpus are not newer than the one before; they are taken a second after it.
    """
    settings = Settings(threshold=threshold, hold=hold, patience=patience, may_stand_still=True)
    watch = Watch(settings)
    scores = []
    last = one.at[0] - SECOND
    for at, value in zip(one.at, one.values, strict=True):
        last = max(at, last + SECOND)
        verdict = watch.observe(last, value)
        reading = verdict.reading
        scores.append(reading.surprise if reading and verdict.step is Step.BEGAN else 0.0)
    return Scored(one.labels, scores)


def metronome(labels: Labels, every: float = 0.5) -> Scored:
    """Alarms that know nothing of the data: one each half probation."""
    pause = max(1, int(labels.probation * every))
    return Scored(labels, [float(row % pause == 0) for row in range(labels.rows)])


class Grid:
    """The outcome of every threshold on every series, in one profile."""

    def __init__(self, alarms: Mapping[float, Sequence[Scored]], profile: Profile) -> None:
        self.profile = profile
        self.outcomes = {
            threshold: [counted(one, profile) for one in scored]
            for threshold, scored in alarms.items()
        }
        self.places = range(len(self.outcomes[THRESHOLD]))

    def score(self, threshold: float) -> float:
        """The normalised score of one threshold."""
        return together(self.outcomes[threshold], self.profile)

    def best(self, places: Iterable[int]) -> float:
        """The threshold that suits some of the series best."""
        chosen = [*places]
        return max(THRESHOLDS, key=lambda t: sum(self.outcomes[t][place].total for place in chosen))

    def held_out(self, first: Iterable[int]) -> float:
        """The normalised score with each half's threshold chosen on the other half."""
        one = set(first)
        other = set(self.places) - one
        found = [self.outcomes[self.best(other)][place] for place in one]
        found += [self.outcomes[self.best(one)][place] for place in other]
        return together(found, self.profile)

    def halvings(self) -> float:
        """The mean held-out score of many random halvings; one halving is a matter of luck."""
        chance = random.Random(1)  # noqa: S311 -- a fixed shuffle, no secret
        half = len(self.places) // 2
        scores = [self.held_out(chance.sample(self.places, half)) for _ in range(HALVINGS)]
        return sum(scores) / len(scores)


def main() -> None:
    """Reads the corpus, scores, prints."""
    folder = os.environ.get("NAB_DIR", "")
    if not (Path(folder) / "windows.json").is_file():
        sys.exit("bench.nab: NAB_DIR has to name the folder with windows.json and data/.")
    many = load(Path(folder))
    began = time.process_time()
    alarms = {THRESHOLD: [read(one) for one in many]}
    micros = (time.process_time() - began) / sum(one.labels.rows for one in many) * 1e6
    alarms |= _at_other_thresholds(many)
    weeks = sum(one.weeks for one in many)
    figures = [_figures(Grid(alarms, profile), weeks) for profile in PROFILES]
    rows: list[tuple[str, Sequence[float]]] = [
        ("this desk's detector", [figure.best for figure in figures]),
        ("  threshold of the other half", [figure.two_fold for figure in figures]),
        (f"  the same, {HALVINGS} halvings", [figure.halvings for figure in figures]),
        (f"  the desk's threshold, {THRESHOLD}", [figure.default for figure in figures]),
        ("  and levels wait for a person", _together([read(o, patience=None) for o in many])),
        ("  and two rows of three", _together([read(o, hold=MINUTES) for o in many])),
        ("a metronome", _together([metronome(one.labels) for one in many])),
    ]
    print(nab_table.show(len(many), rows, [figure.words for figure in figures]))
    print(f"{len(many)} series, {weeks:.0f} scored series-weeks, {micros:.1f} µs a point.")
    print(nab_table.CRITICISM)


@dataclass(frozen=True)
class Figures:
    """The scores of one profile."""

    best: float
    two_fold: float
    halvings: float
    default: float
    words: str


def _figures(grid: Grid, weeks: float) -> Figures:
    threshold = grid.best(grid.places)
    outcomes = grid.outcomes[threshold]
    hit, windows = sum(o.hit for o in outcomes), sum(o.windows for o in outcomes)
    false_alarms = sum(o.false_alarms for o in outcomes)
    return Figures(
        best=grid.score(threshold),
        two_fold=grid.held_out(grid.places[::2]),
        halvings=grid.halvings(),
        default=grid.score(THRESHOLD),
        words=f"{grid.profile.name}: best threshold {threshold:.1f}, {hit} of {windows} windows, "
        f"{false_alarms} false alarms, {false_alarms / weeks:.2f} a series-week",
    )


def _at_other_thresholds(many: Sequence[Series]) -> dict[float, list[Scored]]:
    """Each threshold is a run of its own: what is an alarm decides what is learned."""
    others = [threshold for threshold in THRESHOLDS if threshold != THRESHOLD]
    jobs = [(one, threshold) for threshold in others for one in many]
    with ProcessPoolExecutor() as pool:
        scored = [*pool.map(read, *zip(*jobs, strict=True), chunksize=4)]
    return {
        threshold: scored[place * len(many) :][: len(many)]
        for place, threshold in enumerate(others)
    }


def _together(many: Sequence[Scored]) -> list[float]:
    return [together([counted(one, profile) for one in many], profile) for profile in PROFILES]


def _series(path: Path, name: str, windows: list[list[str]]) -> Series:
    with path.open(newline="") as file:
        rows = [*csv.reader(file)][1:]
    at = [_moment(row[0]) for row in rows]
    found = []
    for first, last in windows:
        inside = [n for n, moment in enumerate(at) if _moment(first) <= moment <= _moment(last)]
        found.append((inside[0], inside[-1]))
    return Series(name, at, [float(row[1]) for row in rows], Labels(len(rows), tuple(found)))


def _moment(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=UTC, microsecond=0)


if __name__ == "__main__":
    main()
