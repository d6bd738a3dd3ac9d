"""`$filter` as SQL: bound values always, exact amounts, paths through lookups, any and all.

Every condition is true or false, never unknown: "not contains(…)" also takes rows without a value,
as the platform's own queries do.
"""

# ruff: noqa: N802 - the visitor methods carry the names of odata-query's nodes

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from odata_query import ast
from odata_query.visitor import NodeVisitor
from sqlalchemy import ColumnElement, and_, exists, func, literal, not_, or_

from connector.emulator.problems import bad_request, not_implemented, unknown_property
from connector.emulator.protocol.crm_functions import CRM_NAMESPACE, crm_arguments, full_name
from connector.emulator.protocol.filter_text import parse_filter
from connector.emulator.protocol.literals import apply_operator, compare, incompatible, stored_literal
from connector.emulator.protocol.named_conditions import Asked, named_condition
from connector.emulator.protocol.source import Source
from connector.emulator.schema import Column, Kind
from connector.emulator.store.text import MATCHES

_NAMES = {ast.Eq: "eq", ast.NotEq: "ne", ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge"}
_SWAPPED = {"eq": "eq", "ne": "ne", "lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}
_PATTERNS = {"contains": "%{}%", "startswith": "{}%", "endswith": "%{}"}
MAX_TERMS = 1000


def filter_condition(source: Source, text: str, aliases: Mapping[str, str]) -> ColumnElement[bool]:
    """The condition of a `$filter`; joins that it needs are added to `source`."""
    return _Visitor(source).condition(parse_filter(text, aliases))


class _Visitor(NodeVisitor):
    def __init__(self, source: Source, variable: str | None = None, outer: _Visitor | None = None) -> None:
        self.source = source
        self.variable = variable
        self.outer = outer

    def condition(self, node: ast._Node) -> ColumnElement[bool]:
        result = self.visit(node)
        if isinstance(result, ColumnElement):
            return result
        raise bad_request("The $filter expression must evaluate to a single boolean value.")

    def generic_visit(self, node: ast._Node) -> Any:
        raise bad_request(f"The $filter expression has {type(node).__name__} where a condition is wanted.")

    # --- and, or, not ---

    def visit_BoolOp(self, node: ast.BoolOp) -> ColumnElement[bool]:
        terms = [self.condition(term) for term in _flattened(node)]
        return and_(*terms) if isinstance(node.op, ast.And) else or_(*terms)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ColumnElement[bool]:
        if not isinstance(node.op, ast.Not):
            raise not_implemented("arithmetic in $filter")
        operand = node.operand
        if isinstance(operand, ast.Call) and operand.func.namespace == CRM_NAMESPACE:
            raise bad_request(f"'not' cannot negate {full_name(operand)}.")
        return _negated(self.condition(operand))

    def visit_BinOp(self, _: ast.BinOp) -> Any:
        raise not_implemented("arithmetic in $filter")

    def visit_Identifier(self, node: ast.Identifier) -> ColumnElement[bool]:
        return self._bare(node)

    def visit_Attribute(self, node: ast.Attribute) -> ColumnElement[bool]:
        return self._bare(node)

    def _bare(self, node: ast._Node) -> ColumnElement[bool]:
        sql, column = self.operand(node)
        if column.kind is not Kind.BOOLEAN:
            raise bad_request("The $filter expression must evaluate to a single boolean value.")
        return sql == 1

    # --- comparisons ---

    def visit_Compare(self, node: ast.Compare) -> ColumnElement[bool]:
        if isinstance(node.comparator, ast.In):
            return self._in(node)
        op = _NAMES[type(node.comparator)]
        left, right = node.left, node.right
        if _is_condition(left) and isinstance(right, ast.Boolean):
            wanted = right.py_val == (op == "eq")
            if op not in ("eq", "ne"):
                raise bad_request("A condition can only be compared by eq and ne.")
            inner = self.condition(left)
            return inner if wanted else _negated(inner)
        if _is_path(right) and not _is_path(left):
            left, right, op = right, left, _SWAPPED[op]
        sql, column = self.operand(left)
        if not _is_path(right):
            if isinstance(right, ast.Call):
                raise not_implemented(f"the function {full_name(right)} in $filter")
            return compare(sql, column, op, right)
        other_sql, other = self.operand(right)
        if other.kind is not column.kind and not {other.kind, column.kind} <= _IDS:
            raise incompatible(column, right)
        return apply_operator(sql, op, other_sql)

    def _in(self, node: ast.Compare) -> ColumnElement[bool]:
        sql, column = self.operand(node.left)
        items = node.right.val if isinstance(node.right, ast.List) else [node.right]
        wanted = [stored_literal(column, item) for item in items if not isinstance(item, ast.Null)]
        found: ColumnElement[bool] = sql.in_(wanted)
        if len(wanted) < len(items):
            return or_(found, sql.is_(None))
        return found

    # --- functions ---

    def visit_Call(self, node: ast.Call) -> ColumnElement[bool]:
        name = full_name(node)
        if node.func.namespace == CRM_NAMESPACE:
            path, values = crm_arguments(node)
            sql, column = self._attribute(path)
            asked = Asked(node.func.name, sql, column, self.source.tx, self.source.caller)
            return named_condition(asked, values)
        if name not in _PATTERNS:
            raise not_implemented(f"the function {name} in $filter")
        if len(node.args) != 2 or not isinstance(node.args[1], ast.String):
            raise bad_request(f"{name} wants a column and a text.")
        sql, column = self.operand(node.args[0])
        if column.kind is not Kind.TEXT:
            raise incompatible(column, node.args[1])
        pattern = _PATTERNS[name].format(node.args[1].val)
        matched: ColumnElement[bool] = getattr(func, MATCHES)(sql, pattern) == 1
        return matched

    def visit_CollectionLambda(self, node: ast.CollectionLambda) -> ColumnElement[bool]:
        path = self._local(_path(node.owner))
        if len(path) != 1:
            raise bad_request("any and all cannot stand behind a lookup.")
        link = self.source.table.collections.get(path[0])
        if link is None:
            raise unknown_property(path[0], self.source.table.logical_name)
        self.source.tx.check_read(link.table)
        table = self.source.tx.schema[link.table]
        inner = Source(self.source.tx, table, self.source.caller, outer=self.source)
        condition = inner.alias.c[link.column] == self.source.key
        is_all = isinstance(node.operator, ast.All)
        if node.lambda_ is not None:
            visitor = _Visitor(inner, node.lambda_.identifier.name, self)
            each = visitor.condition(node.lambda_.expression)
            condition = and_(condition, _negated(each) if is_all else each)
        # By itself it would be tied to the select around it only, and not to those further out.
        found = exists(literal(1)).select_from(inner.from_clause).where(condition)
        found = found.correlate_except(*inner.own)
        return not_(found) if is_all else found

    # --- columns ---

    def operand(self, node: ast._Node) -> tuple[ColumnElement[Any], Column]:
        if isinstance(node, ast.Call):
            raise not_implemented(f"the function {full_name(node)} in $filter")
        if isinstance(node, ast.BinOp):
            raise not_implemented("arithmetic in $filter")
        if not _is_path(node):
            raise bad_request("A comparison in $filter wants a column on one side.")
        return self.resolve(_path(node))

    def _attribute(self, node: ast._Node) -> tuple[ColumnElement[Any], Column]:
        """What PropertyName of a query function means: a logical name, behind lookups or not."""
        path = self._local(_path(node))
        return self.source.attribute(path[:-1], path[-1])

    def resolve(self, path: tuple[str, ...]) -> tuple[ColumnElement[Any], Column]:
        if self.variable is not None and path[0] != self.variable and self.outer is not None:
            return self.outer.resolve(path)
        path = self._local(path)
        if not path:
            raise bad_request(f"'{self.variable}' is a row, not a column.")
        return self.source.column(path[:-1], path[-1])

    def _local(self, path: tuple[str, ...]) -> tuple[str, ...]:
        if self.variable is not None and path[0] == self.variable:
            return path[1:]
        return path


_IDS = {Kind.GUID, Kind.LOOKUP}


def _negated(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """True where the condition is false or unknown: only a negation has to tell the two apart."""
    return func.coalesce(condition, literal(0)) == 0


def _flattened(node: ast.BoolOp) -> list[ast._Node]:
    """The terms of a chain of the same operator, without recursion: chains can be long."""
    terms: list[ast._Node] = []
    waiting: list[ast._Node] = [node]
    while waiting:
        current = waiting.pop()
        if isinstance(current, ast.BoolOp) and type(current.op) is type(node.op):
            waiting += [current.left, current.right]
        else:
            terms.append(current)
    if len(terms) > MAX_TERMS:
        raise bad_request(f"The $filter has more than {MAX_TERMS} terms.")
    return terms[::-1]


def _is_path(node: ast._Node) -> bool:
    return isinstance(node, ast.Identifier | ast.Attribute)


def _is_condition(node: ast._Node) -> bool:
    return isinstance(node, ast.Call | ast.Compare | ast.BoolOp | ast.CollectionLambda)


def _path(node: ast._Node) -> tuple[str, ...]:
    if isinstance(node, ast.Identifier):
        return (".".join((*node.namespace, node.name)),)
    if isinstance(node, ast.Attribute):
        return (*_path(node.owner), node.attr)
    raise bad_request("The $filter has a path that cannot be read.")
