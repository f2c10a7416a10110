"""Which person a shift of a calendar file is of: by e-mail address, else by name. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from notifications.rotas.icsfile import Event

MOST_SAID = 20


@dataclass(frozen=True)
class Matched:
    """The shifts with whose they are, and in sentences what is nobody's."""

    shifts: list[tuple[Event, int]]
    unmatched: list[str]


def match(
    events: Iterable[Event], emails: Mapping[str, int], names: Sequence[tuple[str, int]]
) -> Matched:
    """Whose each event is; addresses and names are in small letters, and two may have one name."""
    shifts, nobody = [], dict[str, int]()
    for event in events:
        found = _whose(event, emails, names)
        if len(found) == 1:
            shifts.append((event, found.pop()))
            continue
        who = event.summary or ", ".join(event.emails) or "an event without a name"
        why = "names more than one person" if found else "matches nobody who can be paged"
        nobody[f"“{who}” {why}"] = nobody.get(f"“{who}” {why}", 0) + 1
    said = [
        f"{words} ({times} times)." if times > 1 else f"{words}." for words, times in nobody.items()
    ]
    more = len(said) - MOST_SAID
    return Matched(shifts, said[:MOST_SAID] + ([f"And {more} more."] if more > 0 else []))


def _whose(event: Event, emails: Mapping[str, int], names: Sequence[tuple[str, int]]) -> set[int]:
    invited = {emails[one] for one in event.emails if one in emails}
    if invited:
        return invited
    words = event.summary.lower()
    by_mail = {who for mail, who in emails.items() if _holds(words, mail)}
    return by_mail or {who for name, who in names if _holds(words, name)}


def _holds(words: str, name: str) -> bool:
    """Whether the name stands there as a whole: “Ada” is not in “Adam”."""
    return bool(name) and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", words) is not None
