"""Whom a text names: a partner by its name, without its legal form, by its first word, by its code.

Pure. Names are found however they are written, and so are codes and first words, but for those that
are words by themselves: these only as names are written (TIDE, Tide), or in a reference or an
address.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from enum import IntEnum

# What a name ends with and few texts repeat: Helix Markets Ltd is called Helix Markets.
_FORMS = re.compile(
    r"(?:[\s,]+(?:ab|ag|asa?|bv|co|company|corp|corporation|gmbh|inc|kg|limited|llc|llp|lp|ltd|nv|oyj?"
    r"|plc|pte|pty|sa|sarl|sas|se|spa|srl)\.?)+$",
    re.IGNORECASE,
)
# First words that many texts have and that say nothing about whose name it is. As a name they count
# only with the word behind them: Northern Brokers is named, Northern Europe is not.
_EVERYDAY = re.compile(
    r"alpha|american|asian|atlantic|baltic|bank|beta|black|blue|bridge|british|broad|brokers"
    r"|capital|central|city|classic|clear|clearing|coast|common|continental|core|crown|delta"
    r"|digital|direct|eastern|electronic|equity|euro|european|exchange|express|fair|federal"
    r"|finance|financial|first|fixed|frontier|fund|future|general|global|golden|grand|great"
    r"|green|grey|harbor|harbour|high|home|independent|index|institutional|interactive"
    r"|international|island|investment|joint|just|liquid|liquidity|london|main|major|market"
    r"|markets|metro|metropolitan|modern|national|network|next|nordic|north|northern|ocean"
    r"|online|open|orders|pacific|partners|payment|payments|premier|prime|private|public"
    r"|quantum|quick|rapid|regional|river|royal|securities|security|select|settlement|silver"
    r"|simple|smart|south|southern|standard|star|state|stone|street|summit|swift|swiss|system"
    r"|systems|total|trade|traders|trading|trust|union|united|universal|urban|value|venue"
    r"|venues|west|western|white|wide|world"
)
# Words that are somebody's code or first word now and then: small letters make them words again.
_WORDS = re.compile(
    r"able|alert|also|always|area|axis|back|base|best|bond|book|both|case|check|close|core"
    r"|current|data|date|deep|desk|down|each|early|edge|even|ever|face|fast|feed|fill|flow"
    r"|focus|form|full|gate|give|gold|good|have|help|here|hold|into|iron|item|just|keep|last"
    r"|late|leader|level|limit|line|link|list|live|long|made|main|make|mark|matrix|mean|more"
    r"|most|much|must|name|near|need|node|none|note|once|only|order|over|part|past|path|peak"
    r"|plus|point|port|post|price|pulse|quote|rate|real|rest|ring|risk|safe|same|send|side"
    r"|signal|site|some|soon|source|span|spot|spread|step|such|sure|swap|tail|take|team|tell"
    r"|term|than|that|them|then|they|this|tick|tide|time|told|true|unit|upon|vector|vendor|very"
    r"|view|wave|well|were|what|when|will|with|work|your|zone"
)
_SHORTEST = 4
_DASHES = re.compile("[\u2010-\u2015\u2212]")


def plain(text: str) -> str:
    """The text without what only looks different: full-width letters, hyphens of other kinds,
    spaces and breaks between words, marks that nobody sees."""
    seen = "".join(
        c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf"
    )
    return " ".join(_DASHES.sub("-", seen).split())


class _Way(IntEnum):
    """How it has to be written to be found; of two at the same place the first counts."""

    NAME = 1  # in any case, as a whole name
    ANY = 2  # in any case
    WRITTEN = 3  # as names are, or in a reference or an address


def others(text: str, partners: Mapping[str, str], reader: str) -> list[str]:
    """The names of the partners that the text names, but for its reader. `partners`: name → code.

    Of two names at the same place the longer one counts: Helix Markets is not the partner Helix.
    """
    text = plain(text)
    owners = _owners(partners, _tokens(text))
    if not owners:
        return []
    longest = sorted(owners, key=lambda sought: (-len(sought[0]), sought[1], sought[0]))
    either = "|".join(f"({_pattern(*sought)})" for sought in longest)
    found: set[str] = set()
    for match in re.finditer(rf"(?<![^\W_])(?:{either})s?(?![^\W_])", text):
        named = owners[longest[(match.lastindex or 1) - 1]]
        if reader not in named:
            found |= named
    return sorted(found)


def _pattern(words: str, way: _Way) -> str:
    """A name ends where a word does, and Helix Markets-2 is none; a code may begin a reference."""
    plainly = re.escape(words)
    if way is _Way.NAME:  # northern-brokers and northern_brokers as well
        return rf"(?i:{plainly.replace(re.escape(' '), '[ _-]')})(?!-\d)"
    if way is _Way.ANY:
        return rf"(?i:{plainly})"
    as_names = {plainly, re.escape(words.upper())}
    if not _EVERYDAY.fullmatch(words.casefold()):  # a code may be an everyday word as well
        as_names.add(re.escape(words.title()))
    reference = rf"(?i:{plainly})-(?:[A-Za-z]+-)?\d{{4}}-\d+"
    address = rf"(?:(?<=[@.])|(?<=//))(?i:{plainly})(?=\.[A-Za-z])"
    return "|".join([reference, address, *sorted(as_names)])


def _tokens(text: str) -> set[str]:
    """The words of a text, in small letters; each also without an s at its end."""
    found = re.findall(r"[^\W_]+", text.casefold())
    return {*found, *(one.removesuffix("s") for one in found)}


def _owners(partners: Mapping[str, str], tokens: set[str]) -> dict[tuple[str, _Way], set[str]]:
    """What to look for (the words, and how they are written) → whose they are."""
    firsts = Counter(_first(name) for name in partners)
    found: dict[tuple[str, _Way], set[str]] = defaultdict(set)
    for name, code in partners.items():
        for called, is_name in _called(name, code, is_alone=firsts[_first(name)] == 1):
            words = plain(called)
            parts = re.findall(r"[^\W_]+", words.casefold())
            if parts and parts[0] in tokens:
                way = _Way.NAME if is_name else _way(words)
                found[words if way is _Way.WRITTEN else words.casefold(), way].add(name)
    return found


def _way(word: str) -> _Way:
    """How a code or a first word is written where it is meant."""
    small = word.casefold()
    is_word = _EVERYDAY.fullmatch(small) or _WORDS.fullmatch(small)
    return _Way.WRITTEN if is_word or len(small) < _SHORTEST else _Way.ANY


def _called(name: str, code: str, *, is_alone: bool) -> Iterator[tuple[str, bool]]:
    yield name, True
    short, first = _FORMS.sub("", name), _first(name)
    if short != name:
        yield short, " " in short
    if is_alone and len(first) >= _SHORTEST and not _EVERYDAY.fullmatch(first):
        yield name.split()[0].strip(","), False
    yield code, False


def _first(name: str) -> str:
    return (name.split() or [""])[0].strip(",").casefold()
