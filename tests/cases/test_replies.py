"""Reply addresses: found again, not made up, and silent about how many others there are."""

from __future__ import annotations

import pytest
from pytest_django.fixtures import Settings

from cases import replies
from cases.replies import INCIDENT, REQUEST, Target


@pytest.fixture(autouse=True)
def _domain(settings: Settings) -> None:
    settings.INBOUND_DOMAIN = "desk.example"


def letters(kind: str, pk: int) -> str:
    return replies.address(kind, pk).partition("@")[0].removeprefix("reply+")


def test_an_address_is_found_again_in_any_case() -> None:
    for target in (Target(INCIDENT, 1), Target(REQUEST, 1), Target(INCIDENT, 2**63 - 1)):
        address = replies.address(target.kind, target.pk)
        assert len(address.partition("@")[0]) < 64
        assert replies.targets((address.upper(),)) == ({target}, False)


def test_two_addresses_say_nothing_of_what_lies_between_them() -> None:
    made = [letters(kind, pk) for kind in (INCIDENT, REQUEST) for pk in range(1, 40)]
    assert len(set(made)) == len(made)
    for place in range(40):  # no letter is the kind's or counts
        assert len({one[place] for one in made}) > 8


@pytest.mark.parametrize("place", [0, 12, 39])
def test_one_letter_changed_is_none_of_ours(place: int) -> None:
    right = letters(INCIDENT, 7)
    wrong = right[:place] + ("b" if right[place] == "a" else "a") + right[place + 1 :]
    assert replies.targets((f"reply+{wrong}@desk.example",)) == (set(), True)


def test_what_a_former_key_sealed_is_found_and_what_another_one_sealed_is_not(
    settings: Settings,
) -> None:
    address = replies.address(INCIDENT, 7)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    assert replies.targets((address,)) == ({Target(INCIDENT, 7)}, False)
    settings.SECRET_KEY_FALLBACKS = []
    assert replies.targets((address,)) == (set(), True)
