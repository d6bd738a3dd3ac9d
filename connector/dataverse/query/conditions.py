"""What `$filter` can say, as values: `column("revenue") > Decimal(5)`, joined by `&`, `|` and `~`.

Sources of the rules: `webapi/query/filter-rows` and `webapi/reference/queryfunctions`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Final

from connector.dataverse.query.literals import path as path_text
from connector.dataverse.query.literals import quote
from connector.errors import UsageError

# The variable of any and all, one for each level.
_VARIABLES = "opqrstuv"
_NAMESPACE = "Microsoft.Dynamics.CRM."


@dataclass(frozen=True)
class Named:
    """A name that a condition uses: a property ("_ownerid_value"), a logical name inside a function of
    Dataverse ("ownerid"), or a collection. `path` may lead through lookups."""

    path: str
    kind: str

    PROPERTY: ClassVar[str] = "property"
    LOGICAL_NAME: ClassVar[str] = "logical name"
    COLLECTION: ClassVar[str] = "collection"


class Condition:
    """A condition; `str` of it is its OData text."""

    __slots__ = ()

    def text(self, variable: str = "") -> str:
        """The OData text; inside `any` and `all` columns belong to `variable`."""
        raise NotImplementedError(variable)

    def names(self) -> Iterator[Named]:
        """Every name of the table that is asked."""
        return iter(())

    def functions(self) -> Iterator[str]:
        """The names of the functions of Dataverse in it, which `not` cannot negate."""
        return iter(())

    def __str__(self) -> str:
        return self.text()

    def __and__(self, other: Condition) -> Condition:
        return Joined("and", self, _condition(other, "&"))

    def __or__(self, other: Condition) -> Condition:
        return Joined("or", self, _condition(other, "|"))

    def __invert__(self) -> Condition:
        for function in self.functions():
            raise UsageError(
                f"Dataverse cannot negate its function {function}.",
                f"Ask for the opposite: {_OPPOSITES.get(function, 'a comparison that says the same')}.",
            )
        return Negated(self)

    def __bool__(self) -> bool:
        raise UsageError(
            f"The condition {self.text()!r} was used as if it were true or false.",
            "Join conditions with & and |, negate them with ~, each in parentheses.",
        )


@dataclass(frozen=True)
class Comparison(Condition):
    """`path operator right`, where `right` is OData text or the path of another column of the row."""

    path: str
    operator: str
    right: str
    is_column: bool = False

    def text(self, variable: str = "") -> str:
        right = _within(variable, self.right) if self.is_column else self.right
        return f"{_within(variable, self.path)} {self.operator} {right}"

    def names(self) -> Iterator[Named]:
        yield Named(self.path, Named.PROPERTY)
        if self.is_column:
            yield Named(self.right, Named.PROPERTY)


@dataclass(frozen=True)
class TextMatch(Condition):
    """`contains`, `startswith` or `endswith`; `pattern` is already quoted."""

    function: str
    path: str
    pattern: str

    def text(self, variable: str = "") -> str:
        return f"{self.function}({_within(variable, self.path)},{self.pattern})"

    def names(self) -> Iterator[Named]:
        yield Named(self.path, Named.PROPERTY)


@dataclass(frozen=True)
class PlatformFunction(Condition):
    """A function of Dataverse; `arguments` is what follows the name of the column, with its comma."""

    function: str
    path: str
    arguments: str = ""

    def text(self, variable: str = "") -> str:
        if variable:
            raise UsageError(
                f"{self.function} stands inside any or all, and nobody documents how it is read there.",
                "Compare with ==, <, > … instead.",
            )
        return f"{_NAMESPACE}{self.function}(PropertyName={quote(self.path)}{self.arguments})"

    def names(self) -> Iterator[Named]:
        yield Named(self.path, Named.LOGICAL_NAME)

    def functions(self) -> Iterator[str]:
        yield self.function


@dataclass(frozen=True)
class Joined(Condition):
    word: str
    left: Condition
    right: Condition

    def text(self, variable: str = "") -> str:
        return f" {self.word} ".join(self._part(each, variable) for each in self._chain())

    def _chain(self) -> list[Condition]:
        """The parts of a chain of the same word, without recursion: chains can be long."""
        found: list[Condition] = []
        waiting: list[Condition] = [self]
        while waiting:
            part = waiting.pop()
            if isinstance(part, Joined) and part.word == self.word:
                waiting += [part.right, part.left]
            else:
                found.append(part)
        return found

    def _part(self, part: Condition, variable: str) -> str:
        text = part.text(variable)
        return f"({text})" if isinstance(part, Joined | Plain) else text

    def names(self) -> Iterator[Named]:
        for part in self._chain():
            yield from part.names()

    def functions(self) -> Iterator[str]:
        for part in self._chain():
            yield from part.functions()


@dataclass(frozen=True)
class Negated(Condition):
    inner: Condition

    def text(self, variable: str = "") -> str:
        return f"not ({self.inner.text(variable)})"

    def names(self) -> Iterator[Named]:
        return self.inner.names()


@dataclass(frozen=True)
class OverCollection(Condition):
    """`collection/any(o:…)` or `collection/all(o:…)`; no condition at all for "there is any"."""

    collection: str
    word: str
    each: Condition | None = None

    def text(self, variable: str = "") -> str:
        inner = _VARIABLES[_VARIABLES.index(variable) + 1] if variable else _VARIABLES[0]
        each = "" if self.each is None else f"{inner}:{self.each.text(inner)}"
        return f"{_within(variable, self.collection)}/{self.word}({each})"

    def names(self) -> Iterator[Named]:
        """The collection alone: the names inside belong to another table."""
        yield Named(self.collection, Named.COLLECTION)

    def functions(self) -> Iterator[str]:
        return iter(()) if self.each is None else self.each.functions()


@dataclass(frozen=True)
class Plain(Condition):
    """OData text as the caller wrote it: nothing in it is checked."""

    odata: str

    def text(self, variable: str = "") -> str:  # noqa: ARG002 - the text says itself what it belongs to
        return self.odata


def odata(text: str) -> Condition:
    """A condition in OData's own words, to be joined with others. Raises UsageError for no text."""
    if not text.strip():
        raise UsageError("An empty text is no condition.", "Leave it out.")
    return Plain(text)


def any_where(collection: str, each: Condition | None = None) -> Condition:
    """At least one record of the collection fulfils `each`; without it: there is at least one.

    The collection is a navigation property of the table itself: any and all cannot stand behind a lookup.
    """
    return OverCollection(_direct(collection), "any", each)


def all_where(collection: str, each: Condition) -> Condition:
    """Every record of the collection fulfils `each`; so it is also where there is none."""
    return OverCollection(_direct(collection), "all", each)


def _direct(collection: str) -> str:
    if "/" in collection:
        raise UsageError(
            f"any and all cannot ask {collection!r}: Dataverse takes them on the table itself only.",
            "Ask the table behind the lookup, or use FetchXML.",
        )
    return path_text(collection)


def _within(variable: str, name: str) -> str:
    return f"{variable}/{name}" if variable else name


def _condition(other: object, sign: str) -> Condition:
    if isinstance(other, Condition):
        return other
    raise UsageError(
        f"{other!r} stands beside {sign} and is no condition.",
        f"Put comparisons in parentheses, since {sign} binds tighter, and OData text into odata(…).",
    )


_OPPOSITES: Final[dict[str, str]] = {
    "In": "not_in(…)",
    "NotIn": "in_(…)",
    "Between": "not_between(…)",
    "NotBetween": "between(…)",
    "ContainValues": "does_not_contain_values(…)",
    "DoesNotContainValues": "contain_values(…)",
    "On": "not_on(…)",
    "NotOn": "on(…)",
    "EqualUserId": "is_not_caller",
    "NotEqualUserId": "is_caller",
}
