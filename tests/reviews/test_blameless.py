"""Blameless wording: a hint for what points at people, and none for what does not."""

from __future__ import annotations

import pytest

from reviews.blameless import hints, named


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("They should have looked.", "“should have”: say what was known at that time."),
        ("It shouldn't have been on.", "“shouldn't have”: say what was known at that time."),
        ("Nobody could have known; ops could\nhave asked.", "“could have”: say what was known"),
        ("The operator failed to restart it.", "“failed to”: say what would have reminded"),
        ("The on-call forgot the step.", "“forgot”: say what would have reminded or helped."),
        ("A careless change.", "“careless”: say what made it likely."),
        ("Human error.", "“human error”: say what let one slip become an incident."),
        ("The vendor is to blame.", "“to blame”: say what failed."),
        ("It was their fault.", "“their fault”: say what failed."),
        ("Obviously wrong.", "“obviously”: it is obvious only afterwards."),
        ("OF COURSE it broke.", "“of course”: it is obvious only afterwards."),
    ],
)
def test_what_sounds_like_blame_gets_a_hint(text: str, hint: str) -> None:
    assert hints(text)[0].startswith(hint)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The handler holds a lock over a network call.",
        "The default is 30 s; the fault tree has two branches.",
        "A segmentation fault in the parser.",
        "The failover failed.",
        "The check should run before each release.",
        "Course data were stale.",
    ],
)
def test_what_says_what_happened_gets_none(text: str) -> None:
    assert hints(text, ["Ada Byron"]) == []


def test_a_name_in_a_cause_gets_a_hint_and_a_part_of_it_none() -> None:
    people = ["Ada Byron", "Incident commander", ""]

    assert hints("ada  byron restarted it.", people) == [
        "It names Ada Byron: say which role, and what they could see."
    ]
    assert hints("Ada restarted it. Adabyron too.", people) == []
    assert named("Ada\nByron and the incident commander", people) == [
        "Ada Byron",
        "Incident commander",
    ]


def test_hints_come_in_the_order_of_the_text_and_each_once() -> None:
    found = hints("Human error. It should have been seen; it should have been tested.")

    assert found == [
        "“human error”: say what let one slip become an incident.",
        "“should have”: say what was known at that time.",
    ]
