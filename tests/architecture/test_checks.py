"""The page of the security checks says what the marks on the tests say."""

from __future__ import annotations

from tests.security.table import CHECKS, MISTAKES, PAGE, document, marked


def test_every_mark_names_a_check_and_its_own_ids():
    checks, mistakes, named = marked()
    assert set(checks) <= set(CHECKS) == set(range(1, 41))
    assert set(mistakes) <= set(MISTAKES)
    wrong = {
        (test, ids)
        for test, marks in named.items()
        for ids, number in marks
        if not set(ids.split()) <= set(CHECKS[number].ids.split())
        and ids not in _ranges(CHECKS[number].ids)
    }
    assert wrong == set()


def test_every_check_and_every_mistake_has_a_test():
    checks, mistakes, _ = marked()
    assert set(CHECKS) == set(checks)
    assert set(MISTAKES) - set(mistakes) == set()


def test_the_page_is_as_the_marks_are():
    assert PAGE.read_text(encoding="utf-8") == document(), "run python -m tests.security.table"


def _ranges(ids: str) -> set[str]:
    """The single ids of `3.4.1-3.4.6`."""
    found = set()
    for part in ids.split():
        first, _, last = part.partition("-")
        if last:
            head, low = first.rsplit(".", 1)
            found |= {f"{head}.{n}" for n in range(int(low), int(last.rsplit(".", 1)[1]) + 1)}
    return found
