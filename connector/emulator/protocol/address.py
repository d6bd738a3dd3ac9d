"""Reading an address: the path's segments and keys, and the query options."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, unquote_plus

from connector.emulator.problems import QUERY_NOT_SUPPORTED, bad_request, not_implemented

GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_OPTIONS = frozenset(
    {"$select", "$expand", "$filter", "$orderby", "$top", "$count", "$skiptoken"}
    | {"$apply", "$deltatoken", "$id", "fetchXml"}
)


@dataclass(frozen=True)
class Segment:
    """`accounts(…)`: a name and what stands in the parentheses, None without any."""

    name: str
    args: str | None = None


@dataclass(frozen=True)
class Options:
    """Query options: the ones with a `$`, parameter aliases (`@p`), and parameters of functions."""

    system: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    raw: str = ""

    def get(self, name: str) -> str | None:
        return self.system.get(name)

    def only(self, *allowed: str) -> None:
        for name in self.system:
            if name not in allowed:
                raise bad_request(f"The query option '{name}' cannot be used here.", QUERY_NOT_SUPPORTED)


def parse_path(path: str) -> list[Segment]:
    return [_segment(part) for part in _split(path) if part]


def _split(path: str) -> list[str]:
    """At the slashes outside of quotes and parentheses."""
    parts, quoted, depth = [""], False, 0
    for character in path.replace("%27", "'").replace("%28", "(").replace("%29", ")"):
        if character == "'":
            quoted = not quoted
        elif not quoted:
            depth += (character == "(") - (character == ")")
        if character == "/" and not quoted and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _segment(part: str) -> Segment:
    text = _decode(part)
    name, opened, rest = text.partition("(")
    if not opened:
        return Segment(name)
    if not rest.endswith(")"):
        raise bad_request(f"The segment '{text}' is not well formed.")
    return Segment(name, rest[:-1])


def _decode(text: str, *, plus: bool = False) -> str:
    try:
        decoded = (unquote_plus if plus else unquote)(text, errors="strict")
    except UnicodeDecodeError:
        raise bad_request("The address is not valid UTF-8.") from None
    if "\x00" in decoded:
        raise bad_request("The address contains a null character.")
    return decoded


def parse_options(query: str, limit: int) -> Options:
    if len(query) > limit:
        raise bad_request(f"The address is longer than {limit} characters.", QUERY_NOT_SUPPORTED)
    system: dict[str, str] = {}
    aliases: dict[str, str] = {}
    for item in query.split("&"):
        if not item:
            continue
        raw_name, _, raw_value = item.partition("=")
        name, value = _decode(raw_name, plus=True), _decode(raw_value, plus=True)
        where = aliases if name.startswith("@") else system
        if name in where:
            raise bad_request(f"The query option '{name}' stands there twice.")
        if where is system and name not in _OPTIONS:
            raise not_implemented(f"the query option {name}")
        where[name] = value
    return Options(system, aliases, query)


def parse_key(args: str, primary_id: str) -> str:
    """The id in `accounts(…)`: a plain one or `accountid=…`."""
    text = args.strip()
    name, equals, value = text.partition("=")
    if equals and name.strip() == primary_id:
        text = value.strip()
    if not GUID.fullmatch(text):
        raise bad_request(f"'{args}' is not a key: a GUID is wanted.")
    return text.lower()


def split_list(text: str, separator: str = ",") -> list[str]:
    """`a,b($select=c,d)` at the separators outside of quotes and parentheses, blanks taken off."""
    parts, quoted, depth = [""], False, 0
    for character in text:
        if character == "'":
            quoted = not quoted
        elif not quoted:
            depth += (character == "(") - (character == ")")
        if character == separator and not quoted and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]
