"""From the text of `$filter` to odata-query's tree.

Two things that its grammar does not know are brought into its words first: parameter aliases
(`@p1`) and the JSON arrays of the platform's own query functions (`PropertyValues=['1','2']`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

import msgspec
from odata_query import ast

from connector.emulator.problems import bad_request

_TOKEN = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"\\]|\\.)*\"|@\w+|\[|\]|[^'\"@\[\]]+|.", re.DOTALL)


# A quoted text (left alone), or the opening of an "in" or "not" with what its grammar misses: the blank
# before the parenthesis, and the comma that it wants in a list of one.
_IN_OR_NOT = re.compile(
    r"'(?:[^']|'')*'|(?<=\s)in\s*\((\s*(?:'(?:[^']|'')*'|[^\s,()']+)\s*\))?|(?<![\w/.])not\(", re.IGNORECASE
)


def parse_filter(text: str, aliases: Mapping[str, str]) -> ast._Node:
    """The tree of a filter; 400 with the reason when it is none."""
    return _parse(_IN_OR_NOT.sub(_completed, "".join(_rewritten(text, aliases)).strip()))


def _completed(found: re.Match[str]) -> str:
    if found.group().startswith("'"):
        return found.group()
    if found.group().lower() == "not(":
        return "not ("
    single = found.group(1)
    return f"in ({single[:-1]},)" if single else "in ("


@lru_cache(maxsize=512)
def _parse(text: str) -> ast._Node:
    from connector.emulator.protocol.filter_grammar import tree_of  # noqa: PLC0415 - heavy: not for the start

    try:
        tree = tree_of(text)
    except ValueError as error:
        if str(error):
            raise bad_request(f"Syntax error in the filter '{_shortened(text)}': {error}") from None
        raise bad_request(f"The filter '{_shortened(text)}' cannot be read.") from None
    if tree is None:
        raise bad_request("The filter is empty.")
    return tree


def _rewritten(text: str, aliases: Mapping[str, str], depth: int = 0) -> Iterator[str]:
    tokens = [m.group() for m in _TOKEN.finditer(text)]
    position = 0
    while position < len(tokens):
        token = tokens[position]
        if token[0] == "@":
            if token not in aliases or depth > 1:
                raise bad_request(f"The parameter alias '{token}' has no value.")
            yield from _rewritten(aliases[token], aliases, depth + 1)
        elif token[0] == "[":
            try:
                end = tokens.index("]", position)
            except ValueError:
                raise bad_request("An array in the filter is not closed.") from None
            yield _list(tokens[position + 1 : end])
            position = end
        elif token in ('"', "'", "]"):
            raise bad_request(f"The filter '{_shortened(text)}' has a {token} too many.")
        else:
            yield token
        position += 1


def _list(tokens: list[str]) -> str:
    items: list[str] = []
    for token in tokens:
        if token.startswith("'"):
            items.append(token)
        elif token.startswith('"'):
            items.append("'" + _json_text(token).replace("'", "''") + "'")
        elif token.strip(" ,\t\n"):
            items += [f"'{part.strip()}'" for part in token.split(",") if part.strip()]
    if not items:
        raise bad_request("An array in the filter is empty.")
    return f"({items[0]},)" if len(items) == 1 else f"({','.join(items)})"


def _json_text(token: str) -> str:
    try:
        return msgspec.json.decode(token.encode(), type=str)
    except msgspec.DecodeError:
        raise bad_request(f"{token} is not a JSON string.") from None


def _shortened(text: str) -> str:
    return text if len(text) <= 200 else text[:200] + "…"
