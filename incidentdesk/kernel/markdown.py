"""What people type, as HTML: Markdown without raw HTML, images or headings, then cleaned.

Two walls: the parser is not given what could carry a script, and whatever it makes is reduced to a
few tags. Texts are stored as typed; this runs when one is read. The door to both libraries.
"""

from __future__ import annotations

import re
from html import escape, unescape
from threading import Lock
from xml.etree.ElementTree import Element

import nh3
from django.utils.safestring import SafeString
from markdown import Markdown
from markdown.inlinepatterns import InlineProcessor

TAGS = {"p", "br", "strong", "em", "code", "pre", "ul", "ol", "li", "blockquote", "a", "hr"}
SCHEMES = {"http", "https", "mailto"}
LONGEST = 20_000  # characters; a longer text is shown as it was typed
# Brackets times characters: the parser looks from each bracket to the end, at some more than once.
# At this most it takes a tenth of a second; twenty links in three thousand characters are fewer.
MOST_LOOKED_AT = 60_000
# What opens code: from each, too, the parser looks to the end, and some texts have them in pairs.
FENCES = re.compile(r"^ {0,3}(?:`{3}|~{3})", re.MULTILINE)
MOST_FENCES = 100
# Behind one it tries each number of spaces with each.
FAR_FENCE = re.compile(r"^(?:```|~~~)[^\n]*[ \t]{20}", re.MULTILINE)
# Other marks times characters: a text of twenty thousand may hold six hundred.
MARKS = re.compile(r"[*_`\\<>\n]|[-+] |\d\. ")
MOST_MARKED = 12_000_000
# Nothing in it means anything in Markdown: most entries, at no cost.
PLAIN = re.compile(r"[^*_`\[\]<>~\\\n:+=#-]*")
LISTED = re.compile(r"\s*\d+[.)]\s")
# A list right below a line of text is a list, though Markdown wants an empty line between.
ITEM = re.compile(r"(?:[-*+]|\d{1,3}\.)\s+\S")
FENCE = re.compile(r"\s*(`{3,}|~{3,})")
ADDRESS = r"(https?://[^\s<>\"'`]*[^\s<>\"'`.,;:!?)\]*_])"


class _BareAddress(InlineProcessor):  # type: ignore[misc]
    """`https://…` in a text is a link."""

    ANCESTOR_EXCLUDES = ("a",)

    def handleMatch(self, m: re.Match[str], data: str) -> tuple[Element, int, int]:
        """One link."""
        link = Element("a", {"href": m.group(1)})
        link.text = m.group(1)
        return link, m.start(0), m.end(0)


def _parser() -> Markdown:
    parser = Markdown(extensions=["fenced_code", "sane_lists", "nl2br"], output_format="html")
    parser.preprocessors.deregister("html_block")
    for pattern in ("html", "entity", "image_link", "image_reference", "short_image_ref"):
        parser.inlinePatterns.deregister(pattern)
    for block in ("hashheader", "setextheader"):  # `#1 is down` is no title
        parser.parser.blockprocessors.deregister(block)
    parser.inlinePatterns.register(_BareAddress(ADDRESS, parser), "bare_address", 85)
    return parser


_markdown, _lock = _parser(), Lock()


def render(text: str) -> SafeString:
    """`text` as HTML that may stand on any page."""
    if len(text) > LONGEST:
        return _as_typed(text)
    if PLAIN.fullmatch(text) and not LISTED.match(text):
        return SafeString(f"<p>{escape(text)}</p>")  # nosec B703 -- escaped
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    if _is_dear(lines):
        return _as_typed(text)
    try:
        with _lock:  # the parser keeps state while it works
            html = _markdown.reset().convert(_spaced(lines))
    except RecursionError:  # quotes in quotes in quotes
        return _as_typed(text)
    return SafeString(_cleaned(html))  # nosec B703 -- by nh3, to a few tags


def plain(text: str) -> SafeString:
    """`text` line by line as it came: no mark means anything, and a link is the address it shows.

    For words of somebody outside the desk, who must not put a name over an address here.
    """
    if len(text) > LONGEST:
        return _as_typed(text)
    parts = re.split(ADDRESS, text.replace("\r\n", "\n").replace("\r", "\n"))
    html = [
        f'<a href="{escape(part)}" rel="noopener nofollow">{escape(part)}</a>'
        if number % 2
        else escape(part).replace("\n", "<br>")
        for number, part in enumerate(parts)
    ]
    return SafeString(f"<p>{''.join(html)}</p>")  # nosec B703 -- each part escaped


def _is_dear(text: str) -> bool:
    """Whether the parser, which everybody waits for, would take more than a tenth of a second."""
    return (
        text.count("[") * len(text) > MOST_LOOKED_AT
        or len(FENCES.findall(text)) > MOST_FENCES
        or FAR_FENCE.search(text) is not None
        or len(MARKS.findall(text)) * len(text) > MOST_MARKED
    )


def _as_typed(text: str) -> SafeString:
    return SafeString(f"<pre>{escape(text)}</pre>")  # nosec B703 -- escaped


def _spaced(text: str) -> str:
    """With the empty line that Markdown wants above a list; code stays as it is."""
    lines: list[str] = []
    fence, above = "", ""
    for line in text.split("\n"):
        if found := FENCE.match(line):
            fence = "" if fence and found[1].startswith(fence) else fence or found[1]
        elif not fence and ITEM.match(line) and above.strip() and not _is_in_list(above):
            lines.append("")
        lines.append(line)
        above = line
    return "\n".join(lines)


def _is_in_list(line: str) -> bool:
    return bool(ITEM.match(line.lstrip())) or line.startswith((" ", "\t"))


def _cleaned(html: str) -> str:
    return nh3.clean(
        html,
        tags=TAGS,
        attributes={"a": {"href"}},
        attribute_filter=_kept,
        url_schemes=SCHEMES,
        link_rel="noopener nofollow",
    )


def _kept(tag: str, attribute: str, value: str) -> str | None:
    """Only a whole address is followed; `//elsewhere` and `page` are none."""
    if attribute != "href":  # the cleaner adds `rel`, and lets `title` and `lang` pass
        return value if attribute == "rel" else None
    scheme, colon, _ = value.strip().lower().partition(":")
    return value if colon and scheme in SCHEMES else None


MOST_TAGS = 10_000
_ENDS = re.compile(r"</?(?:p|br|div|li|tr|blockquote|h[1-6]|pre)>")
_ROOM = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")


def text_of(html: str) -> str:
    """What a page of HTML says, as plain text: no tag, script or style is left, lines are kept.

    Of a page with more than ten thousand tags, what stands before those: tags in tags in tags take
    the cleaner the square of their number.
    """
    html = "<".join(html.split("<", MOST_TAGS + 1)[: MOST_TAGS + 1])
    blocks = {"p", "br", "div", "li", "tr", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "pre"}
    cleaned = nh3.clean(html, tags=blocks, attributes={}, link_rel=None)
    lines = _ENDS.sub("\n", cleaned)
    return _ROOM.sub("\n\n", unescape(lines).replace("\xa0", " ")).strip()
