"""Small expressions that read a value out of JSON: JMESPath, with an end to everything.

They are written by administrators and run on what strangers send, so each is bounded: how long it
is, how much it may multiply, how many steps a body may cost, how large a result may be. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from math import prod
from typing import Any

from jmespath import exceptions, functions, parser, visitor

from incidentdesk.kernel.errors import InvalidInput

LONGEST = 300  # characters of an expression
MOST_STEPS = 100_000  # of all expressions on one body
MOST_ITEMS = 10_000  # in a list that a step gives
WIDEST = 64  # how often an expression may multiply what it reads, as `[@, @]` does twice
DEEPEST = 64  # nested lists and objects of a body

Node = dict[str, Any]


class TooMuch(InvalidInput):
    """An expression does more with a body than it may."""


class _Functions(functions.Functions):  # type: ignore[misc]
    """JMESPath's own; but only a plain value is made a text, since others may be huge."""

    @functions.signature({"types": ["string", "number", "boolean", "null"]})  # type: ignore[untyped-decorator]
    def _func_to_string(self, value: Any) -> str:
        return written(value)


class Reader(visitor.TreeInterpreter):  # type: ignore[misc]
    """Reads values out of one body, with one measure of steps for all of them."""

    def __init__(self) -> None:
        super().__init__(visitor.Options(custom_functions=_Functions()))
        self._left = MOST_STEPS

    def visit(self, node: Node, *args: Any, **known: Any) -> Any:
        """One step."""
        self._left -= 1
        if self._left < 0:
            raise TooMuch("The expressions take too many steps on this body; make them simpler.")
        found = super().visit(node, *args, **known)
        if isinstance(found, list) and len(found) > MOST_ITEMS:
            raise TooMuch(f"An expression gives more than {MOST_ITEMS:,} values for this body.")
        return found

    def value(self, expression: str, body: Any) -> Any:
        """What the expression gives for a body; InvalidInput says why it gives nothing."""
        try:
            return self.visit(compiled(expression), body)
        except TooMuch:
            raise
        except (ValueError, TypeError, ArithmeticError, AttributeError, LookupError) as error:
            raise InvalidInput(f"“{expression}” does not fit this body: {_words(error)}") from None


def written(value: Any) -> str:
    """A plain value as text; '' for none. Lists and objects are the caller's to refuse."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        return str(value)
    except ValueError:  # a number of more digits than anybody means
        raise InvalidInput("A number of the body has too many digits.") from None


@lru_cache(maxsize=512)
def compiled(expression: str) -> Node:
    """The expression, parsed; InvalidInput says in one sentence what is wrong with it."""
    if len(expression) > LONGEST:
        raise InvalidInput(f"An expression has at most {LONGEST} characters.")
    try:
        tree: Node = parser.Parser().parse(expression).parsed
    except (exceptions.JMESPathError, RecursionError) as error:
        raise InvalidInput(f"This is no JMESPath expression: {_words(error)}") from None
    nodes = list(_nodes(tree))
    known = _Functions.FUNCTION_TABLE
    strange = [n["value"] for n in nodes if n["type"] == "function_expression"]
    strange = sorted(set(strange) - set(known))
    if strange:
        raise InvalidInput(f"There is no function {strange[0]}(); see jmespath.org for all.")
    widths = [len(n["children"]) for n in nodes if n["type"].startswith("multi_select")]
    if prod(widths) > WIDEST:
        raise InvalidInput("This expression multiplies what it reads too often; make it simpler.")
    return tree


def is_deep(body: Any) -> bool:
    """Whether a body is nested deeper than an expression may walk."""
    level = [body]
    for _ in range(DEEPEST):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return True


def _nodes(tree: Node) -> Iterator[Node]:
    rest = [tree]
    while rest:
        node = rest.pop()
        yield node
        rest += [child for child in node["children"] if isinstance(child, dict)]


def _words(error: Exception) -> str:
    """What the library says, as the end of a sentence; where something is wrong, if it knows."""
    if isinstance(error, exceptions.EmptyExpressionError):
        return "it is empty."
    if isinstance(error, RecursionError):
        return "it is nested too deeply."
    if isinstance(error, exceptions.IncompleteExpressionError):
        return "it ends too early."
    if isinstance(error, exceptions.LexerError):
        return f"it cannot be read from character {error.lexer_position + 1} on."
    if isinstance(error, exceptions.ParseError):
        if not error.token_value:
            return "it ends too early."
        return f"“{error.token_value}” does not fit at character {error.lex_position + 1}."
    first = str(error).splitlines()[0].rstrip(":. ")
    return f"{first[:160]}."
