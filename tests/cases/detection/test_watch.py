"""One series as a whole: what is stored goes on, what people answer counts, one anomaly at once."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.detection.alarm import Alarm, Kind
from cases.detection.count_watch import CountSettings, CountWatch
from cases.detection.counts import Minute
from cases.detection.detector import VERSION
from cases.detection.episodes import MINUTES, SLOW, Episode, Step
from cases.detection.feedback import Answer, effects, threshold
from cases.detection.limits import Limits
from cases.detection.presence import Presence
from cases.detection.replay import replay
from cases.detection.sessions import ROUND_THE_CLOCK
from cases.detection.together import grouped
from cases.detection.watch import Settings, Watch
from tests.cases.detection.days import MINUTE, MONDAY, VENUE, latency, minutes, run

FIGURES = st.lists(
    st.one_of(st.floats(-1e9, 1e9), st.floats(-1e149, 1e149), st.sampled_from([0.0, 5.0])),
    min_size=1,
    max_size=300,
)
BOTH = Settings(limits=Limits(lowest=-1e8, highest=1e8))


def verdicts(watch, figures, began):
    found = []
    for number, value in enumerate(figures):
        at = began + number * MINUTE
        found += [watch.observe(at, value), watch.tick(at + timedelta(seconds=200))]
    return found


@given(FIGURES, FIGURES)
@settings(max_examples=50, deadline=None)
def test_a_watch_that_was_stored_goes_on_as_if_it_had_never_stopped(before, after):
    kept = Watch(BOTH)
    verdicts(kept, before, MONDAY)
    restored = Watch.restored(json.loads(json.dumps(kept.state(), allow_nan=False)), BOTH)
    later = MONDAY + timedelta(days=1)
    assert verdicts(restored, after, later) == verdicts(kept, after, later)
    assert restored.state() == kept.state()


def test_a_watch_stored_in_the_middle_of_every_hour_sees_what_one_sees_that_never_stopped():
    settings_, figure = Settings(session=VENUE), latency(8)
    values = [figure(MONDAY + n * MINUTE) * (3 if n % 700 == 699 else 1) for n in range(3000)]
    one, other, told = Watch(settings_), Watch(settings_), ([], [])
    for number, value in enumerate(values):
        if number % 60 == 30:
            other = Watch.restored(json.loads(json.dumps(other.state())), settings_)
        at = MONDAY.replace(hour=8) + number * MINUTE
        told[0].append(one.observe(at, value))
        told[1].append(other.observe(at, value))
    assert told[0] == told[1]
    assert sum(len(verdict.alarms) for verdict in told[0]) > 0
    assert len(json.dumps(other.state())) < 40_000


def test_of_another_version_s_state_only_the_statistics_begin_anew():
    watch = Watch(Settings(session=VENUE))
    run(watch, latency(1), MONDAY, 2)
    state = json.loads(json.dumps(watch.state()))
    state["detector"]["version"] = "an older one"
    restored = Watch.restored(state, Settings(session=VENUE))
    assert restored.detector.state() == Watch(Settings()).detector.state()
    assert restored.presence.state() == watch.presence.state()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e300])
def test_what_is_no_figure_is_refused_and_changes_nothing(value):
    watch = Watch(Settings())
    watch.observe(MONDAY, 1.0)
    before = watch.state()
    with pytest.raises(ValueError, match="is not a figure that can be watched"):
        watch.observe(MONDAY + MINUTE, value)
    assert watch.state() == before


def test_a_figure_that_comes_late_is_refused_and_changes_nothing():
    watch = Watch(Settings())
    watch.observe(MONDAY, 1.0)
    before = watch.state()
    for at in (MONDAY, MONDAY - MINUTE):
        with pytest.raises(ValueError, match="is not newer than the last one"):
            watch.observe(at, 2.0)
    assert watch.state() == before


def test_a_series_has_one_open_anomaly_whatever_else_goes_wrong_meanwhile():
    watch, figure = Watch(Settings(session=VENUE, limits=Limits(highest=100.0))), latency(1)
    run(watch, figure, MONDAY, 3)
    noon = (MONDAY + timedelta(days=3)).replace(hour=12)
    half_past = noon + timedelta(minutes=30)

    def worse_and_worse(at, value):
        if at < noon:
            return value
        return 200.0 if at < half_past else None  # above the limit, standing still, then silent

    alarms = run(watch, figure, MONDAY + timedelta(days=3), 1, worse_and_worse)
    assert [(alarm.kind, alarm.at) for alarm in alarms] == [(Kind.LIMIT, noon)]


# --- when an anomaly begins and ends --------------------------------------------------------------


def steps(pattern, hold=MINUTES):
    episode = Episode()
    return [episode.feed(hold, is_strange=c != ".", is_extreme=c == "!") for c in pattern]


@pytest.mark.parametrize(
    ("pattern", "begins"),
    [("x..x..x..", None), ("xx", 1), ("x.x", 2), ("..!", 2), ("x..xx", 4)],
)
def test_two_of_three_begin_an_anomaly_or_one_that_is_extreme(pattern, begins):
    found = steps(pattern)
    assert [n for n, step in enumerate(found) if step is Step.BEGAN] == (
        [] if begins is None else [begins]
    )


def test_ten_good_ones_in_a_row_end_it_and_nine_do_not():
    assert steps("xx" + 9 * "." + "x" + 10 * ".").index(Step.ENDED) == 21
    assert steps("xx" + 10 * ".").index(Step.ENDED) == 11


def test_a_slow_series_does_not_wait_for_a_second_figure():
    assert steps("..x", SLOW) == [Step.NOTHING, Step.NOTHING, Step.BEGAN]


# --- what people answer ---------------------------------------------------------------------------


def test_a_false_alarm_raises_the_threshold_and_taking_the_answer_back_lowers_it_again():
    answers = [Answer.FALSE, Answer.FALSE, Answer.TRUE, Answer.EXPECTED]
    assert threshold(2.0, []) == 2.0
    assert [round(effect.after, 3) for effect in effects(2.0, answers)] == [2.4, 2.88, 2.736, 2.873]
    assert threshold(2.0, answers[:1] + answers[2:]) < threshold(2.0, answers)
    assert threshold(2.0, answers[:0]) == 2.0


def test_an_answer_s_effect_is_said_in_words():
    first, second = effects(2.0, [Answer.FALSE, Answer.TRUE])
    assert first.words == "false: the threshold of 2.00 becomes 2.40, fewer alarms"
    assert second.words == "true: the threshold of 2.40 becomes 2.28, more alarms"


@given(st.lists(st.sampled_from(Answer), max_size=60))
def test_no_number_of_answers_makes_a_series_deaf_or_mad(answers):
    assert 1.5 <= threshold(2.0, answers) <= 6.0


def test_a_raised_threshold_makes_the_same_day_quieter():
    found = []
    for answers in ([], [Answer.FALSE] * 4):
        watch = Watch(Settings(session=VENUE, threshold=threshold(2.0, answers)))
        figure = latency(1)
        run(watch, figure, MONDAY, 14)
        mild = run(
            watch,
            figure,
            MONDAY + timedelta(days=14),
            5,
            lambda at, v: v * (1.3 if at.minute in (1, 2) else 1),
        )
        found.append(len(mild))
    assert found[0] > found[1]


# --- silence and standing still -------------------------------------------------------------------


def spoken(gaps, presence=None):
    presence, at = presence or Presence(), MONDAY
    for number, gap in enumerate(gaps):
        at += timedelta(seconds=gap)
        presence.heard(at, float(number), ROUND_THE_CLOCK)
    return presence, at


def test_a_series_is_silent_after_three_times_its_own_median_gap():
    presence, at = spoken([60] * 20 + [90, 30])
    assert presence.silence(at + timedelta(seconds=180), ROUND_THE_CLOCK) is None
    late = at + timedelta(seconds=181)
    assert presence.silence(late, ROUND_THE_CLOCK) == timedelta(seconds=181)


def test_a_silence_does_not_teach_that_silence_is_usual():
    presence, _ = spoken([60] * 10 + [3600] * 40)
    assert presence.silent_after() == timedelta(minutes=3)


def test_a_rhythm_that_is_not_known_makes_no_alarm():
    presence, at = spoken([60, 60, 60])
    assert presence.silence(at + timedelta(days=1), ROUND_THE_CLOCK) is None


def test_a_series_that_never_moved_is_not_stuck_and_one_that_often_repeats_is_given_more_time():
    constant, steps_ = Watch(Settings()), Watch(Settings())
    stuck = {"constant": [], "steps": []}
    for number in range(600):
        at = MONDAY + number * MINUTE
        stuck["constant"] += constant.observe(at, 45.0).alarms
        stuck["steps"] += steps_.observe(at, float(number // 12 % 2)).alarms
    assert stuck == {"constant": [], "steps": []}
    for number in range(600, 636):
        stuck["steps"] += steps_.observe(MONDAY + number * MINUTE, 7.0).alarms
    assert Kind.STUCK not in {alarm.kind for alarm in stuck["steps"][:-1]}


def test_a_replay_of_stored_figures_says_what_would_have_been_said():
    settings_, figure = Settings(session=VENUE), latency(1)
    stored = [(at, figure(at)) for at in minutes(MONDAY, 14)]
    noon = next(n for n, (at, _) in enumerate(stored) if at.day == 16 and at.hour == 12)
    stored[noon] = (stored[noon][0], 40.0)
    del stored[noon + 60 : noon + 90]
    refused = [stored[5], (stored[-1][0] + MINUTE, math.nan)]
    said = replay(Watch(settings_), [*stored[:9], refused[0], *stored[9:], refused[1]])
    assert [(alarm.kind, alarm.at) for alarm in said.alarms][-2:] == [
        (Kind.UNUSUAL, stored[noon][0]),
        (Kind.SILENT, stored[noon + 59][0] + 3 * MINUTE + timedelta(seconds=1)),
    ]
    assert [band.at for band in said.bands] == [at for at, _ in stored]
    asked = replay(Watch(settings_), stored[: noon + 60], until=stored[-1][0])
    assert [one.kind for one in asked.told[-1:]] == [Kind.SILENT]
    patient = replay(Watch(settings_), stored, until=stored[-1][0] + timedelta(days=1), asks=False)
    assert Kind.SILENT not in {alarm.kind for alarm in patient.alarms}


def test_a_series_that_stood_still_for_days_and_then_moves_is_learned_anew():
    watch, figure, alarms = Watch(Settings()), latency(3), []
    for number in range(5000):
        at = MONDAY + number * MINUTE
        value = 5.0 if number < 1000 else figure(at)
        alarms += [(number, alarm.kind) for alarm in watch.observe(at, value).alarms]
    assert alarms[0] == (1000, Kind.UNUSUAL)
    assert len([number for number, _ in alarms if number > 2000]) <= 1
    assert not watch.episode.is_open


def test_after_an_answer_a_series_that_grew_a_hundred_times_is_learned_within_hours():
    watch, figure = Watch(Settings(session=VENUE)), latency(3)
    run(watch, figure, MONDAY, 3)
    assert run(watch, figure, MONDAY + timedelta(days=3), 1, lambda _at, v: 100 * v) != []
    watch.accept()
    later = run(watch, figure, MONDAY + timedelta(days=4), 17, lambda _at, v: 100 * v)
    assert len(later) <= 6
    assert not watch.episode.is_open


# --- limits, alarms, many at once -----------------------------------------------------------------


def test_limits_that_leave_nothing_are_refused():
    with pytest.raises(ValueError, match="No figure is at least 5 and at most 4"):
        Limits(lowest=5, highest=4)


def test_many_series_within_a_minute_are_one_incident_with_a_list():
    def alarm(seconds, kind=Kind.UNUSUAL):
        return Alarm(kind, MONDAY + timedelta(seconds=seconds), "", VERSION)

    told = [(f"series {n}", alarm(n)) for n in range(30)]
    told += [("series 3", alarm(59)), ("later", alarm(60)), ("drifting", alarm(5, Kind.DRIFT))]
    groups = grouped(reversed(told))
    assert [len(group.series) for group in groups] == [30, 1]
    assert groups[0].began_at == MONDAY
    assert groups[1].series == ("later",)


def test_an_alarm_is_stored_with_everything_that_says_why():
    watch = CountWatch(CountSettings())
    for number in range(200):
        watch.observe(MONDAY + number * MINUTE, Minute(1, 100))
    (alarm,) = watch.observe(MONDAY + 200 * MINUTE, Minute(40, 100)).alarms
    assert json.loads(json.dumps(alarm.as_json())) == {
        "kind": "count",
        "at": (MONDAY + 200 * MINUTE).isoformat(),
        "words": alarm.words,
        "model": "counts 1",
        "value": 40,
        "expected": alarm.expected,
        "low": None,
        "high": None,
        "p": alarm.p,
        "surprise": alarm.surprise,
        "window": "1 min",
    }
    assert alarm.words == "40 of 100 in a minute where 1 were expected"
    assert replace(alarm, kind=Kind.DRIFT).pages is False


def test_a_count_watch_that_was_stored_goes_on():
    kept = CountWatch(CountSettings())
    for number in range(150):
        kept.observe(MONDAY + number * MINUTE, Minute(number % 3, 50))
    restored = CountWatch.restored(json.loads(json.dumps(kept.state())), CountSettings())
    later = [(MONDAY + number * MINUTE, Minute(number % 9, 50)) for number in range(150, 300)]
    assert [kept.observe(*each) for each in later] == [restored.observe(*each) for each in later]
    assert kept.state() == restored.state()
