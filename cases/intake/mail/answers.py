"""What somebody wrote in an answer, without the mail that they answer. Pure; reads lines only."""

from __future__ import annotations

_CUTS = ("-----original message-----", "________________________________")


def own_words(text: str) -> str:
    """The text up to what is quoted at its end; if nothing is left, all of it."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if line.strip().lower().startswith(_CUTS):
            lines = lines[:number]
            break
    kept = _before_quote(lines)
    return "\n".join(kept).strip() or text


def _before_quote(lines: list[str]) -> list[str]:
    """Without the quoted lines at the end, and the line above them that says who wrote when."""
    end = len(lines)
    while end and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith(">")):
        end -= 1
    if not any(line.lstrip().startswith(">") for line in lines[end:]):
        return lines
    start = end
    while start and end - start < 3 and lines[start - 1].strip():
        start -= 1
    return lines[:start] if end and lines[end - 1].rstrip().endswith(":") else lines[:end]
