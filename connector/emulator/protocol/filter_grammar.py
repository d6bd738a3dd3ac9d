"""odata-query's grammar, mended: it makes its tables when it is imported, which takes its time.

Its lexer takes `all` and `any` at the start of a column's name for the operators, which the subclass
corrects.
"""

# ruff: noqa: N802 - the rules carry the names of odata-query's tokens

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from odata_query import ast
from odata_query.exceptions import ODataException
from odata_query.grammar import ODataLexer, ODataParser

logging.getLogger("odata_query").setLevel(logging.CRITICAL)

_Rule = TypeVar("_Rule", bound=Callable[..., Any])


def _pattern(regex: str) -> Callable[[_Rule], _Rule]:
    """What sly's own decorator does for a single pattern, with types."""

    def mark(rule: _Rule) -> _Rule:
        rule.__dict__["pattern"] = regex
        return rule

    return mark


class _Lexer(ODataLexer):
    tokens = ODataLexer.tokens

    @_pattern(r"any\b(?=\s*\()")
    def ANY(self, t: Any) -> Any:
        t.value = ast.Any()
        return t

    @_pattern(r"all\b(?=\s*\()")
    def ALL(self, t: Any) -> Any:
        t.value = ast.All()
        return t

    @_pattern(r"(?:true|false)\b")
    def BOOLEAN(self, t: Any) -> Any:
        t.value = ast.Boolean(t.value)
        return t

    @_pattern(r"null\b")
    def NULL(self, t: Any) -> Any:
        t.value = ast.Null()
        return t


def tree_of(text: str) -> ast._Node | None:
    """None for an empty text. Raises ValueError with the reason, which is empty where nobody knows one."""
    try:
        tree: ast._Node | None = ODataParser().parse(_Lexer().tokenize(text))
    except ODataException as error:
        raise ValueError(str(error)) from None
    except (AttributeError, ValueError, TypeError, NotImplementedError, IndexError, KeyError):
        # The grammar's own actions stumble over what it half understands.
        raise ValueError from None
    return tree
