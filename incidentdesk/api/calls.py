"""Use cases as addresses: one line each. What is sent and what is answered follows from the
signature, what may be done is the use case's own to decide.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from django.http import HttpRequest
from ninja import Body, File, Header, Router, Status, UploadedFile
from pydantic import BaseModel, Field, create_model

from incidentdesk.api import fields, sight
from incidentdesk.api.door import REFUSALS
from incidentdesk.api.shapes import Shape
from incidentdesk.kernel import clocks, downloads, once
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.errors import InvalidInput
from incidentdesk.kernel.roles import TOKEN_SCOPES

PLACE = re.compile(r"{(\w+)}")
Key = Annotated[str | None, Field(min_length=1, max_length=200)]
KEY_WORDS = "A value of your own: a call that is repeated with it counts once, for two days."


class Counted(BaseModel):
    """How many it concerned."""

    count: int


class Changed(BaseModel):
    """Whether anything changed; the second to acknowledge changes nothing."""

    changed: bool


@dataclass(frozen=True)
class Call:
    """A use case that the API offers."""

    use_case: str  # its dotted name
    scope: str
    path: str


CALLS: list[Call] = []


def do(
    router: Router,
    scope: str,
    path: str,
    use_case: Callable[..., Any],
    *,
    answer: Shape | None = None,
    plus: str = "",
    makes: bool = False,
    upload: str = "",
    without: Collection[str] = (),
    **kinds: Any,
) -> None:
    """Offer `use_case` as `POST path`; `scope` is what a token needs for it.

    `{…_id}` in the path are arguments of that name. `answer` is what the row looks like that it
    returns; a pair's second part is called `plus`. `makes` answers 201. `without` names arguments
    that programs do not give; `upload` names the one that is a file. Any other keyword says which
    values a field may take. What answers `chunks()` is handed out as a file.
    """
    ids = PLACE.findall(path)
    name = f"{use_case.__module__.rsplit('.', 1)[-1]}_{use_case.__name__}"
    given = fields.arguments(use_case, without={*ids, *without, upload}, kinds=kinds)
    body = given.schema(f"{name}_fields")
    status = 201 if makes else 200
    shown = _Answer(get_type_hints(use_case).get("return"), answer, plus)
    view = _view(use_case, ids, given, upload, lambda result, by: shown.of(result, by, status))
    view.__name__, view.__doc__ = name, _words(use_case, scope)
    view.__signature__ = _signature(ids, body, upload, given.may_be_left_out)  # type: ignore[attr-defined]
    router.post(
        numbered(path),
        response={status: shown.schema, **REFUSALS},
        operation_id=name,
        summary=name.partition("_")[2].replace("_", " ").capitalize(),
    )(view)
    CALLS.append(Call(f"{use_case.__module__}.{use_case.__name__}", scope, path))


def numbered(path: str) -> str:
    """The address as the resolver wants it: `{…_id}` is a number, and no other address is one."""
    return PLACE.sub(r"{int:\1}", path)


def _view(
    use_case: Callable[..., Any],
    ids: list[str],
    given: fields.Arguments,
    upload: str,
    answer: Callable[[Any, Actor], Any],
) -> Callable[..., Any]:
    def view(request: HttpRequest, **sent: Any) -> Any:
        by: Actor = request.auth  # type: ignore[attr-defined]
        key = sent.get("idempotency_key") or ""
        named = {one: sent[one] for one in ids}
        for one, pk in named.items():
            sight.require(one, pk, by)
        require_no_more(request, takes_body=bool(given.fields or upload))
        named |= {upload: sent[upload]} if upload else {}
        rest = given.filled(sent.get("given"))
        with once.claimed_by_key(request, key, user_id=by.person_id):
            result = use_case(**named, **rest, by=by, at=clocks.now())
        return answer(result, by)

    return view


def _words(use_case: Callable[..., Any], scope: str) -> str:
    words = inspect.getdoc(use_case) or ""
    return f"{words}\n\nScope `{scope}`: {TOKEN_SCOPES[scope].words}."


def _signature(
    ids: list[str], body: type[BaseModel] | None, upload: str, is_optional: bool
) -> inspect.Signature:
    keyword = inspect.Parameter.KEYWORD_ONLY
    found = [inspect.Parameter("request", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    found += [inspect.Parameter(one, keyword, annotation=fields.PathId) for one in ids]
    if body is not None:
        sent: Any = Body(None if is_optional else ...)  # type: ignore[type-arg]
        kind: Any = body | None if is_optional else body
        found.append(inspect.Parameter("given", keyword, default=sent, annotation=kind))
    if upload:
        file: Any = File(...)  # type: ignore[type-arg]
        found.append(inspect.Parameter(upload, keyword, default=file, annotation=UploadedFile))
    key: Any = Header(  # type: ignore[type-arg]
        None, alias="Idempotency-Key", description=KEY_WORDS
    )
    found.append(inspect.Parameter("idempotency_key", keyword, default=key, annotation=Key))
    return inspect.Signature(found)


def require_no_more(request: HttpRequest, *, takes_body: bool) -> None:
    """Fields that a call without any does not know, and filters, are refused as well."""
    if request.GET:
        raise InvalidInput(
            f"This call takes nothing in its address, not {next(iter(request.GET))}."
        )
    if not takes_body and request.body.strip() not in (b"", b"{}"):
        raise InvalidInput("This call takes no fields; send none.")


class _Answer:
    """What a use case returns, as the API says it."""

    def __init__(self, hint: Any, shape: Shape | None, plus: str) -> None:
        self.shape, self.plus = shape, plus
        self.schema: Any = None
        if shape is not None:
            row = hint if get_origin(hint) is not tuple else get_args(hint)[0]
            assert row is shape.model, f"{shape.name} is no {row}"  # noqa: S101 -- at the start
            self.schema = shape.schema
            if plus:
                more: Any = {plus: (str, ...)}
                self.schema = create_model(f"{shape.name}_{plus}", __base__=shape.schema, **more)
        else:
            counted: dict[Any, type[BaseModel]] = {int: Counted, bool: Changed}
            self.schema = counted.get(hint)

    def of(self, result: Any, by: Actor, status: int) -> Any:
        """The row as it is after the commit, what was counted, or a file."""
        if hasattr(result, "chunks"):
            size = getattr(result, "size", None)
            return downloads.inert(result.chunks(), name=result.name, size=size)
        if self.shape is None:
            known = {bool: "changed", int: "count"}.get(type(result))
            return Status(status, None if known is None else {known: result})
        row, plus = result if self.plus else (result, None)
        shown = self.shape.one(row.pk, by)
        return Status(status, shown | ({self.plus: plus} if self.plus else {}))
