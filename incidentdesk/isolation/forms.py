"""The forms and links that a reader's own pages show: what a stranger would fill in and alter."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlsplit

_TYPED = {
    "datetime-local": "2001-03-05T09:41",
    "date": "2001-03-05",
    "date-time": "2001-03-05T09:41:00Z",
    "number": "1",
    "email": "proof@proof.invalid",
}
_LEFT_ALONE = ("csrfmiddlewaretoken", "once")


@dataclass
class Form:
    """One form: where it goes, and what stands in it as the page was sent."""

    action: str
    method: str
    fields: dict[str, Any] = field(default_factory=dict)

    def altered(self, value: str) -> dict[str, Any]:
        """The same with this value in every field."""
        return dict.fromkeys(self.fields, value)

    def retold(self, value: str) -> dict[str, Any]:
        """The same of what a program sends: with this value wherever a text may stand."""
        times = _TYPED.values()
        is_text = {k: isinstance(v, str) and v not in times for k, v in self.fields.items()}
        return {k: value if is_text[k] else v for k, v in self.fields.items()}


def bodies(description: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What each call of an API takes, by its address, filled as its description says."""
    found = {}
    for path, operations in description["paths"].items():
        asked = operations.get("post", {}).get("requestBody", {}).get("content", {})
        for content in asked.values():
            name = content["schema"]["$ref"].rpartition("/")[2]
            fields = description["components"]["schemas"][name]["properties"]
            found[path] = {key: _sample(shape) for key, shape in fields.items()}
    return found


def _sample(shape: dict[str, Any]) -> Any:
    """A value of this shape; None where nothing need stand."""
    if "anyOf" in shape:
        return None
    if shape.get("format") == "date-time":
        return _TYPED["date-time"]
    return True if shape.get("type") == "boolean" else "proof"


@dataclass
class Page(HTMLParser):
    """What stands on a page: forms, and the names that its links ask with."""

    address: str
    forms: list[Form] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A form begins, or a field of it, or a link."""
        has = {name: value or "" for name, value in attrs}
        if tag == "a":
            self.asked |= {name for name, _ in parse_qsl(urlsplit(has.get("href", "")).query, True)}
        if tag == "form":
            action = has.get("action") or self.address
            self.forms.append(Form(urlsplit(action).path, has.get("method", "get").lower()))
        name = has.get("name", "")
        if self.forms and tag in ("input", "textarea", "select", "button"):
            self._note(tag, name, has)
        if self.forms and tag == "option" and has.get("value"):
            self._choose(has["value"])

    def _note(self, tag: str, name: str, has: dict[str, str]) -> None:
        if not name or name in _LEFT_ALONE or name in self.forms[-1].fields:
            return
        value = has.get("value") or _TYPED.get(has.get("type", ""), "")
        self.forms[-1].fields[name] = "" if tag == "select" else value or "proof"

    def _choose(self, value: str) -> None:
        """The first choice of the list that is open."""
        fields = self.forms[-1].fields
        last = next(reversed(fields), "")
        if last and not fields[last]:
            fields[last] = value
