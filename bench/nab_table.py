"""How the NAB figures are shown: beside what others reached, where the series are the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

KNOWN_ON = 39  # series, of the corpus's 58
KNOWN = (
    ("Windowed Gaussian", (41.81, 27.54, 48.16)),
    ("Relative Entropy", (54.12, 47.56, 58.17)),
    ("Random Cut Forest", (50.94, 39.19, 58.46)),
    ("KNN CAD", (56.50, 41.55, 63.37)),
    ("earthgecko Skyline", (57.92, 46.84, 63.11)),
    ("Numenta HTM", (69.15, 61.91, 73.41)),
    ("CAD OSE", (70.19, 67.23, 73.67)),
    ("ARTime (record)", (77.51, 68.30, 83.00)),
)
CRITICISM = """\
Read these figures with Wu and Keogh, "Current time series anomaly detection benchmarks are flawed"
(arXiv 2009.13807): many anomalies are trivial, windows are many and wide, some labels are wrong.
The metronome above knows nothing of the data and still scores; subtract it in your mind."""


def show(series: int, rows: Iterable[tuple[str, Sequence[float]]], notes: Iterable[str]) -> str:
    """The known table, ours under it, and what stands behind each profile."""
    lines = [f"{f'on these {series} series':32}{'standard':>10}{'low FP':>10}{'low FN':>10}"]
    lines += ["─" * len(lines[0])]
    known = KNOWN if series == KNOWN_ON else ()  # on other series they reach other figures
    for name, scores in (*known, *rows):
        lines.append(f"{name:32}" + "".join(f"{score:10.2f}" for score in scores))
    return "\n".join([*lines, "", *notes])
