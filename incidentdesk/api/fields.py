"""From a use case's signature to what a program sends: names, types, limits.

Identifiers, texts and times have one meaning each in the whole API. A time carries its offset, a
text holds no NUL, a number is a number and not a text that looks like one.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    create_model,
)

from incidentdesk.kernel import sheets
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.clocks import EARLIEST, LATEST

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d")
_DAY = re.compile(r"\d{4}-\d\d-\d\d$")


def _moment(value: Any) -> Any:
    if not isinstance(value, datetime) and not (isinstance(value, str) and _MOMENT.match(value)):
        raise ValueError("is no time; write it like 2026-03-04T09:41:00Z")
    return _in_reach(value)


def _in_utc(value: datetime) -> datetime:
    """PostgreSQL takes no offset of 16 hours or more. The years in reach leave room for each."""
    return value.astimezone(UTC)


def _day(value: Any) -> Any:
    if not isinstance(value, str) or not _DAY.match(value):
        raise ValueError("is no day; write it like 2026-03-04")
    return _in_reach(value)


def _in_reach(value: Any) -> Any:
    if not EARLIEST <= int(str(value)[:4]) <= LATEST:
        raise ValueError(f"lies outside the years {EARLIEST} to {LATEST}")
    return value


def _readable(value: str) -> str:
    """PostgreSQL holds no NUL."""
    if "\0" in value:
        raise ValueError("holds a NUL, which no text has")
    return value


Text = Annotated[str, Field(max_length=50_000, strict=True), AfterValidator(_readable)]
File = Annotated[str, Field(max_length=sheets.MOST_BYTES, strict=True), AfterValidator(_readable)]
Word = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_readable)]
Key = Annotated[str, Field(max_length=40, pattern=r"^[a-z0-9_]+$", strict=True)]
Number = Annotated[int, Field(ge=0, le=2**31 - 1, strict=True)]
Flag = Annotated[bool, Field(strict=True)]
Id = Annotated[int, Field(ge=1, le=2**63 - 1, strict=True)]
PathId = Annotated[int, Field(ge=1, le=2**63 - 1)]
Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_moment, json_schema_input_type=datetime),
    AfterValidator(_in_utc),
]
Day = Annotated[date, BeforeValidator(_day, json_schema_input_type=date)]
_PLAIN = {str: Text, int: Number, bool: Flag, datetime: Moment, date: Day}
_NAMED = {
    "impact": Annotated[int, Field(ge=1, le=4, strict=True)],
    "scope": Annotated[int, Field(ge=1, le=4, strict=True)],
    "urgency": Annotated[int, Field(ge=1, le=3, strict=True)],
    "severity": Annotated[int, Field(ge=1, le=4, strict=True)],
}
_MOST = 500  # in one list


class Given(BaseModel):
    """What a program sends; a field that is not known is refused."""

    model_config = ConfigDict(extra="forbid")
    builds: ClassVar[Callable[..., Any] | None] = None  # what a part of it becomes


def _built(value: Any) -> Any:
    """A value as the use case takes it: parts that are dataclasses there are dataclasses here."""
    if isinstance(value, Given) and value.builds is not None:
        return type(value).builds(**{name: _built(part) for name, part in value})  # type: ignore[misc]
    if isinstance(value, list):
        return [_built(one) for one in value]
    if isinstance(value, dict):
        return {key: _built(one) for key, one in value.items()}
    return value


@dataclasses.dataclass(frozen=True)
class Argument:
    """One field of the body and the place where its value goes."""

    name: str
    kind: Any
    default: Any  # `...`: none
    into: str = ""  # the argument that is put together from several fields


@dataclasses.dataclass(frozen=True)
class Arguments:
    """What a use case takes besides `by`, `at` and what stands in the address."""

    fields: Sequence[Argument]
    bundles: Mapping[str, type]  # argument → the dataclass that it is

    @property
    def may_be_left_out(self) -> bool:
        """Whether a call may send nothing at all."""
        return all(f.default is not ... for f in self.fields)

    def schema(self, name: str) -> type[Given] | None:
        """The body; None if there is nothing to send."""
        if not self.fields:
            return None
        fields: dict[str, Any] = {f.name: (f.kind, f.default) for f in self.fields}
        return create_model(name, __base__=Given, **fields)

    def filled(self, body: BaseModel | None) -> dict[str, Any]:
        """The arguments out of a body."""
        given = {f.name: _built(getattr(body, f.name)) if body else f.default for f in self.fields}
        found = {f.name: given[f.name] for f in self.fields if not f.into}
        for name, kind in self.bundles.items():
            parts = {f.name: given[f.name] for f in self.fields if f.into == name}
            found[name] = kind(**parts)
        return found


def arguments(
    use_case: Callable[..., Any], *, without: Collection[str], kinds: Mapping[str, Any]
) -> Arguments:
    """Read the signature; `kinds` says of a field what its values may be."""
    hints = get_type_hints(use_case)
    fields: list[Argument] = []
    bundles = {}
    for name, parameter in inspect.signature(use_case).parameters.items():
        hint, _ = _unwrapped(hints[name])
        if name in without or hint is Actor or name == "at":
            continue
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            bundles[name] = hint
            fields += _parts(hint, name, without, kinds)
        else:
            fields.append(_argument(name, hints[name], parameter, kinds))
    return Arguments(fields, bundles)


def _parts(
    bundle: type, into: str, without: Collection[str], kinds: Mapping[str, Any]
) -> list[Argument]:
    hints = get_type_hints(bundle)
    makers = {f.name: f.default_factory for f in dataclasses.fields(bundle)}
    found = []
    for name, parameter in inspect.signature(bundle).parameters.items():
        if name not in without:
            part = _argument(name, hints[name], parameter, kinds)
            maker = makers[name]
            default = part.default if maker is dataclasses.MISSING else maker()
            found.append(dataclasses.replace(part, into=into, default=default))
    return found


def _argument(
    name: str, hint: Any, parameter: inspect.Parameter, kinds: Mapping[str, Any]
) -> Argument:
    plain, is_optional = _unwrapped(hint)
    kind = _kind(name, plain, kinds.get(name))
    default = parameter.default
    if default is inspect.Parameter.empty:
        default = None if is_optional else ...
    return Argument(name, kind | None if is_optional else kind, default)


def _kind(name: str, hint: Any, choices: Any) -> Any:
    if get_origin(hint) in (list, tuple, set, frozenset, Sequence) or hint in (list, tuple):
        item = next((part for part in get_args(hint) if part is not ...), str)
        each: Any = _kind(name.removesuffix("s"), item, choices)
        return Annotated[list[each], Field(max_length=_MOST)]
    if get_origin(hint) is Mapping:
        of, each = (_kind(name, part, None) for part in get_args(hint))
        return dict[of, each]  # type: ignore[valid-type]
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _part(hint)
    if isinstance(choices, type) and issubclass(choices, Enum):
        return Literal[tuple(one.value for one in choices)]
    if isinstance(choices, (list, tuple)):
        return Literal[tuple(choices)]
    if choices is not None:
        return choices
    if hint is int and (name.endswith(("_id", "_ids")) or name == "id"):
        return Id
    return _NAMED.get(name) or _PLAIN[hint]


def _part(bundle: type) -> type[Given]:
    """A dataclass inside of another argument."""
    parts = _parts(bundle, "", (), {})
    fields: dict[str, Any] = {part.name: (part.kind, part.default) for part in parts}
    made = create_model(bundle.__name__, __base__=Given, **fields)
    made.builds = bundle
    return made


def _unwrapped(hint: Any) -> tuple[Any, bool]:
    """`X | None` as X and True."""
    if get_origin(hint) in (Union, UnionType):
        plain = [part for part in get_args(hint) if part is not NoneType]
        return plain[0], len(plain) < len(get_args(hint))
    return hint, False
