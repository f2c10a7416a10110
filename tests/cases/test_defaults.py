"""What the desk ships with: five categories, each with a playbook for three phases."""

from __future__ import annotations

from collections import Counter

import pytest

from cases.models import Category, PlaybookTask

pytestmark = pytest.mark.django_db

# Tasks of containment, mitigation and recovery, as the framework's playbooks A to E count them.
COUNTS = {
    "unauthorised_access": (8, 7, 7),
    "abnormal_trading": (8, 7, 7),
    "outage": (8, 7, 8),
    "data_integrity": (7, 7, 7),
    "api_security": (8, 7, 7),
}


def test_the_five_categories_stand_in_their_order():
    assert list(Category.objects.filter(is_active=True).values_list("key", flat=True)) == [*COUNTS]


def test_every_playbook_is_complete_and_numbered_from_one():
    found = Counter(PlaybookTask.objects.values_list("playbook__category__key", "phase"))
    phases = ("containment", "mitigation", "recovery")
    assert {key: tuple(found[key, phase] for phase in phases) for key in COUNTS} == COUNTS
    for key, counts in COUNTS.items():
        for phase, count in zip(phases, counts, strict=True):
            lines = PlaybookTask.objects.filter(playbook__category__key=key, phase=phase)
            assert [line.position for line in lines] == list(range(1, count + 1))


def test_marks_became_columns_and_are_gone_from_the_text():
    assert not [t.text for t in PlaybookTask.objects.all() if "[" in t.text or t.text[-1] in " ."]
    counted = {
        name: PlaybookTask.objects.filter(**{name: True}).count()
        for name in ("needs_evidence", "needs_second_person", "is_partner_facing")
    }
    assert counted == {
        "needs_evidence": 45,
        "needs_second_person": 15,
        "is_partner_facing": 19,
    }


@pytest.mark.parametrize(
    ("key", "phase", "position", "text", "marks"),
    [
        (
            "unauthorised_access",
            "mitigation",
            2,
            "Rotate every secret reachable from touched hosts, list and tick each",
            (True, True, False),
        ),
        (
            "abnormal_trading",
            "containment",
            7,
            "Tell venue/broker control desks where erroneous orders stand",
            (False, False, True),
        ),
        ("outage", "recovery", 8, "All-clear notice", (False, False, True)),
        (
            "data_integrity",
            "containment",
            1,
            "Stop writers of the bad data; make the store read-only if needed",
            (False, True, False),
        ),
        (
            "api_security",
            "recovery",
            1,
            "Partner re-certifies on test environment (auth, order, cancel, limits)",
            (True, False, True),
        ),
    ],
)
def test_a_line_reads_as_the_framework_has_it(key, phase, position, text, marks):
    line = PlaybookTask.objects.get(playbook__category__key=key, phase=phase, position=position)
    assert line.text == text
    assert (line.needs_evidence, line.needs_second_person, line.is_partner_facing) == marks
