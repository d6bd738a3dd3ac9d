"""FetchXML as values: every element and attribute is known here, or refused by name.

Attributes that cannot change a result (hints for the database and for designers) are read over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from xml.etree import ElementTree as ET

from connector.emulator.problems import ODataError, bad_request, not_implemented

FETCH_ERROR = "0x80041110"
MOST_LINKS = 15
MOST_CONDITIONS = 500
_OPTIONS = frozenset(
    {"count", "page", "paging-cookie", "top", "aggregate", "distinct", "returntotalrecordcount"}
)
_HINTS = frozenset(
    {"version", "mapping", "output-format", "no-lock", "utc-offset", "latematerialize", "options"}
)
_DESIGNER = frozenset({"uiname", "uitype", "uihidden", "visible", "hint"})
_MOST_LEVELS = 20
_T = TypeVar("_T")


@dataclass(frozen=True)
class Attribute:
    name: str
    alias: str | None = None
    aggregate: str | None = None
    is_distinct: bool = False
    is_group: bool = False
    date_part: str | None = None


@dataclass(frozen=True)
class FetchOrder:
    """By a column, or by an alias of an aggregation; `entity` is a link's alias."""

    attribute: str | None
    alias: str | None
    is_descending: bool
    entity: str | None = None


@dataclass(frozen=True)
class FetchCondition:
    attribute: str
    operator: str
    values: tuple[str, ...]
    entity: str | None = None
    other_column: str | None = None


@dataclass(frozen=True)
class Filter:
    is_or: bool
    conditions: tuple[FetchCondition, ...]
    filters: tuple[Filter, ...]


@dataclass(frozen=True)
class Entity:
    """The table that is asked for, or one that is linked to it."""

    name: str
    attributes: tuple[Attribute, ...]
    has_all_attributes: bool
    orders: tuple[FetchOrder, ...]
    filters: tuple[Filter, ...]
    links: tuple[Link, ...]


@dataclass(frozen=True)
class Link:
    """`source` is the column of the linked table, `target` that of the table outside of it."""

    entity: Entity
    source: str
    target: str
    alias: str | None
    is_outer: bool


@dataclass(frozen=True)
class Fetch:
    entity: Entity
    count: int | None
    page: int
    cookie: str | None
    top: int | None
    is_aggregate: bool
    is_distinct: bool
    wants_total: bool


def parse_fetch(text: str) -> Fetch:
    """Raises 400 for what is no FetchXML, 501 with the name of what is not known here."""
    if "<!" in text.replace("<!--", ""):
        raise fetch_error("it has a declaration of its own.")
    try:
        root = ET.fromstring(text)  # noqa: S314 - without declarations there is nothing to expand
    except (ET.ParseError, ValueError, LookupError) as error:
        raise fetch_error(f"{error}.") from None
    if root.tag != "fetch":
        raise fetch_error(f"it begins with '{root.tag[:100]}', not with 'fetch'.")
    _known(root, _OPTIONS | _HINTS)
    _children(root, {"entity"})
    entities = root.findall("entity")
    if len(entities) != 1:
        raise fetch_error("it wants exactly one entity.")
    fetch = Fetch(
        _entity(entities[0], 0, {"name"}),
        _number(root, "count"),
        _number(root, "page") or 1,
        root.get("paging-cookie"),
        _number(root, "top"),
        _is_true(root, "aggregate"),
        _is_true(root, "distinct"),
        _is_true(root, "returntotalrecordcount"),
    )
    if fetch.top is not None and (fetch.count is not None or "page" in root.attrib):
        raise fetch_error("top cannot stand beside count or page.")
    _check_size(root)
    return fetch


def fetch_error(message: str) -> ODataError:
    return bad_request(f"Invalid FetchXML: {message}", FETCH_ERROR)


def _check_size(root: ET.Element) -> None:
    for name, most in (("link-entity", MOST_LINKS), ("condition", MOST_CONDITIONS)):
        if sum(1 for _ in root.iter(name)) > most:
            raise fetch_error(f"it has more than {most} elements '{name}'.")


def _entity(element: ET.Element, level: int, known: set[str]) -> Entity:
    if level > _MOST_LEVELS:
        raise fetch_error("it is nested too deeply.")
    _known(element, known | _DESIGNER)
    _children(element, {"attribute", "all-attributes", "order", "filter", "link-entity"})
    return Entity(
        _required(element, "name"),
        _each(element, "attribute", _attribute),
        element.find("all-attributes") is not None,
        _each(element, "order", _order),
        _each(element, "filter", lambda child: _filter(child, level + 1)),
        _each(element, "link-entity", lambda child: _link(child, level + 1)),
    )


def _link(element: ET.Element, level: int) -> Link:
    kind = element.get("link-type", "inner")
    if kind not in ("inner", "outer"):
        raise not_implemented(f"the link-type {kind[:100]} of FetchXML")
    entity = _entity(element, level, {"name", "from", "to", "alias", "link-type", "intersect"})
    source, target = _required(element, "from"), _required(element, "to")
    return Link(entity, source, target, element.get("alias"), kind == "outer")


def _attribute(element: ET.Element) -> Attribute:
    _known(element, {"name", "alias", "aggregate", "distinct", "groupby", "dategrouping"})
    _children(element, set())
    return Attribute(
        _required(element, "name"),
        element.get("alias"),
        element.get("aggregate"),
        _is_true(element, "distinct"),
        _is_true(element, "groupby"),
        element.get("dategrouping"),
    )


def _order(element: ET.Element) -> FetchOrder:
    _known(element, {"attribute", "alias", "descending", "entityname"})
    attribute, alias = element.get("attribute"), element.get("alias")
    if attribute is None and alias is None:
        raise fetch_error("an order wants an attribute or an alias.")
    return FetchOrder(attribute, alias, _is_true(element, "descending"), element.get("entityname"))


def _filter(element: ET.Element, level: int) -> Filter:
    if level > _MOST_LEVELS:
        raise fetch_error("it is nested too deeply.")
    _known(element, {"type"} | _DESIGNER)
    _children(element, {"condition", "filter"})
    kind = element.get("type", "and").lower()
    if kind not in ("and", "or"):
        raise fetch_error(f"'{kind[:100]}' is not a type of filter.")
    return Filter(
        kind == "or",
        _each(element, "condition", _condition),
        _each(element, "filter", lambda child: _filter(child, level + 1)),
    )


def _condition(element: ET.Element) -> FetchCondition:
    _known(element, {"attribute", "operator", "value", "entityname", "valueof"} | _DESIGNER)
    _children(element, {"value"})
    values = tuple(child.text or "" for child in element.findall("value"))
    given = element.get("value")
    if given is not None:
        values = (given, *values)
    return FetchCondition(
        _required(element, "attribute"),
        _required(element, "operator").lower(),
        values,
        element.get("entityname"),
        element.get("valueof"),
    )


def _each(element: ET.Element, name: str, read: Callable[[ET.Element], _T]) -> tuple[_T, ...]:
    return tuple(read(child) for child in element.findall(name))


def _known(element: ET.Element, names: set[str] | frozenset[str]) -> None:
    for name in element.attrib:
        if name not in names:
            raise not_implemented(f"the attribute {name[:100]} of {element.tag} in FetchXML")


def _children(element: ET.Element, names: set[str]) -> None:
    for child in element:
        if child.tag not in names:
            raise not_implemented(f"the element {str(child.tag)[:100]} of {element.tag} in FetchXML")


def _required(element: ET.Element, name: str) -> str:
    text = element.get(name)
    if not text:
        raise fetch_error(f"'{element.tag}' wants '{name}'.")
    return text


def _number(element: ET.Element, name: str) -> int | None:
    text = element.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
        raise fetch_error(f"'{text[:100]}' is not a number above 0 for '{name}'.")
    return int(text)


def _is_true(element: ET.Element, name: str) -> bool:
    text = element.get(name, "false").lower()
    if text not in ("true", "false", "1", "0"):
        raise fetch_error(f"'{text[:100]}' is neither true nor false for '{name}'.")
    return text in ("true", "1")
