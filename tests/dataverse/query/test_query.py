"""Questions as values: conditions, columns, expands, and what is refused before it is sent."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import pytest
import responses
from hypothesis import given
from hypothesis import strategies as st

from connector.dataverse import (
    EVERYTHING,
    Condition,
    DataverseClient,
    Expand,
    Query,
    all_where,
    any_where,
    column,
    guid,
    odata,
)
from connector.errors import UsageError
from tests.dataverse.conftest import Table

ID = "0f7d4c1a-1111-2222-3333-444455556666"
CRM = "Microsoft.Dynamics.CRM."
called, revenue = column("name"), column("revenue")
DAY = date(2020, 10, 5)


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (called == "O'Hara", "name eq 'O''Hara'"),
        (called != "x", "name ne 'x'"),
        (revenue > Decimal("5.10"), "revenue gt 5.10"),
        (revenue >= 5, "revenue ge 5"),
        (revenue < 5, "revenue lt 5"),
        (revenue <= 5, "revenue le 5"),
        (column("_ownerid_value") == guid(ID), f"_ownerid_value eq {ID}"),
        (column("createdon") >= datetime(2020, 10, 5, tzinfo=UTC), "createdon ge 2020-10-05T00:00:00Z"),
        (column("firstname") == column("lastname"), "firstname eq lastname"),
        (column("primarycontactid/fullname") == "x", "primarycontactid/fullname eq 'x'"),
        (called.is_null, "name eq null"),
        (called.is_not_null, "name ne null"),
        (called == None, "name eq null"),  # noqa: E711 - this is how a filter says it
        (called.contains("it's"), "contains(name,'it''s')"),
        (called.startswith("A"), "startswith(name,'A')"),
        (called.endswith("z"), "endswith(name,'z')"),
        (called.contains("50%_[x]"), "contains(name,'50[%][_][[]x]')"),
        (called.contains("a%b", has_wildcards=True), "contains(name,'a%b')"),
        (called.in_(["a", 'b"']), CRM + 'In(PropertyName=\'name\',PropertyValues=["a","b\\""])'),
        (called.not_in(["a"]), CRM + "NotIn(PropertyName='name',PropertyValues=[\"a\"])"),
        (column("_ownerid_value").in_([guid(ID)]),
         f"{CRM}In(PropertyName='ownerid',PropertyValues=[\"{ID}\"])"),
        (revenue.between(1, Decimal("2.5")),
         CRM + 'Between(PropertyName=\'revenue\',PropertyValues=["1","2.5"])'),
        (column("c").contain_values([1, 2]),
         CRM + 'ContainValues(PropertyName=\'c\',PropertyValues=["1","2"])'),
        (column("createdon").on(DAY), CRM + "On(PropertyName='createdon',PropertyValue='2020-10-05')"),
        (column("createdon").is_today, CRM + "Today(PropertyName='createdon')"),
        (column("createdon").last_x_days(7), CRM + "LastXDays(PropertyName='createdon',PropertyValue=7)"),
        (column("_ownerid_value").is_caller, CRM + "EqualUserId(PropertyName='ownerid')"),
        (column("createdon").function("InFiscalYear", 2020),
         CRM + "InFiscalYear(PropertyName='createdon',PropertyValue=2020)"),
        (any_where("contact_customer_accounts"), "contact_customer_accounts/any()"),
        (any_where("tasks", called == "x"), "tasks/any(o:o/name eq 'x')"),
        (all_where("tasks", column("a") == column("b")), "tasks/all(o:o/a eq o/b)"),
        (any_where("tasks", any_where("notes", called == "x")), "tasks/any(o:o/notes/any(p:p/name eq 'x'))"),
    ],
)  # fmt: skip
def test_conditions_are_written_as_odata_wants_them(condition: Condition, text: str) -> None:
    """Values are quoted in one place, lookups lose their clothes inside of Dataverse's own functions."""
    assert str(condition) == text


def test_joined_conditions_keep_what_the_parentheses_in_python_said() -> None:
    """A chain of one word stays flat; a mixture, a negation and OData text get parentheses."""
    a, b, c = (column(name) == 1 for name in "abc")
    assert str(a & b & c) == "a eq 1 and b eq 1 and c eq 1"
    assert str(a & (b | c)) == "a eq 1 and (b eq 1 or c eq 1)"
    assert str((a & b) | c) == "(a eq 1 and b eq 1) or c eq 1"
    assert str(~(a | b)) == "not (a eq 1 or b eq 1)"
    assert str(~a & b) == "not (a eq 1) and b eq 1"
    assert str(odata("x eq 1 or y eq 2") & a) == "(x eq 1 or y eq 2) and a eq 1"


def test_a_long_chain_needs_no_deep_stack() -> None:
    """Ten thousand conditions joined one by one can still be written."""
    chain: Condition = column("a") == 0
    for number in range(1, 10_000):
        chain |= column("a") == number
    assert str(chain).count(" or ") == 9_999


@given(st.text(min_size=1))
def test_any_text_survives_a_condition(text: str) -> None:
    """Halving the apostrophes gives the text back; inside contains the wildcards lose their brackets too."""
    quoted = str(called == text).removeprefix("name eq ")
    assert quoted[1:-1].replace("''", "'") == text
    pattern = str(called.contains(text)).removeprefix("contains(name,")[1:-2].replace("''", "'")
    assert re.sub(r"\[([%_\[])\]", r"\1", pattern) == text
    assert not re.search(r"[%_\[]", re.sub(r"\[[%_\[]\]", "", pattern))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: column("name eq 'x' or 1"), "not a column"),
        (lambda: revenue > 1.5, "float"),
        (lambda: revenue > None, "null"),
        (lambda: called.in_([]), "No values"),
        (lambda: called.in_("abc"), "one text"),
        (lambda: called.contains(""), "wants a text"),
        (lambda: ~called.in_(["a"]), r"negate its function In.*not_in"),
        (lambda: ~((revenue > 1) & column("createdon").is_today), "negate its function Today"),
        (lambda: ~any_where("tasks", called.in_(["a"])), "negate|any or all"),
        (lambda: str(any_where("tasks", called.in_(["a"]))), "nobody documents"),
        (lambda: any_where("parent/tasks", called == "x"), "on the table itself only"),
        (lambda: column("createdon").on(datetime(2020, 10, 5, tzinfo=UTC)), "not a day"),
        (lambda: column("createdon").last_x_days(0), "above 0"),
        (lambda: 1 < revenue < 3, "as if it were true or false"),
        (lambda: bool(called == "x"), "as if it were true or false"),
        (lambda: operator.and_(called == "x", "name eq 'y'"), "no condition"),
        (lambda: odata("  "), "no condition"),
    ],
)  # fmt: skip
def test_what_dataverse_could_not_answer_is_refused_at_once(wrong: Callable[[], Any], message: str) -> None:
    """Each mistake has its own sentence, long before a request."""
    with pytest.raises(UsageError, match=message):
        wrong()


def test_columns_are_no_keys() -> None:
    """Since == makes a condition, a set of columns would be wrong in silence."""
    with pytest.raises(TypeError):
        {called}  # noqa: B018 - making it is the point


def test_expands_are_values() -> None:
    """Options inside are separated by semicolons, and expands may hold expands."""
    lines = Expand("order_details", ("productname",), revenue > 5, ("createdon desc",), 3)
    assert str(lines) == (
        "order_details($select=productname;$filter=revenue gt 5;$orderby=createdon desc;$top=3)"
    )
    nested = Expand("customerid_account", expand=(Expand("primarycontactid", ("fullname",)),))
    assert str(nested) == "customerid_account($expand=primarycontactid($select=fullname))"
    assert str(Expand("ownerid")) == "ownerid"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"expand": tuple(Expand(f"n{i}") for i in range(16))}, "expands 16 times"),
        ({"expand": (",".join(f"n{i}($select=a,b)" for i in range(16)),)}, "expands 16 times"),
        ({"expand": (Expand("a", expand=tuple(Expand(f"n{i}") for i in range(15))),)}, "expands 16 times"),
        ({"expand": (Expand("a", expand=(Expand("b"),)),), "top": 1}, "0x80060888"),
        ({"expand": (Expand("a", expand=(Expand("b"),)),), "order_by": ("name",)}, "0x80060888"),
        ({"expand": (Expand("a", expand=(Expand("b", top=1),)),)}, "0x80060888"),
        ({"expand": ("a($expand=b)",), "top": 1}, "0x80060888"),
        ({"expand": ("a($skip=1)",)}, "skips nothing"),
        ({"expand": ("a($levels=2)",)}, "recursion"),
        ({"expand": ("a($count=true)",)}, "does not count"),
        ({"expand": ("a($search=x)",)}, "does not search"),
        ({"more": {"$skip": "1"}}, "skips nothing"),
        ({"more": {"$search": "x"}}, "does not search"),
        ({"more": {"$filter": "x"}}, r"Query\(filter="),
        ({"more": {"$apply": "x"}}, "aggregate"),
        ({"more": {"$nothing": "x"}}, "no option"),
        ({"top": 0}, "no record"),
    ],
)
def test_options_that_dataverse_refuses_are_refused_before_they_are_sent(
    options: dict[str, Any], message: str
) -> None:
    """Each with the reason: the service's own answers name neither."""
    with pytest.raises(UsageError, match=message):
        Query(**options)


def test_fifteen_expands_and_the_text_of_a_filter_are_allowed() -> None:
    """The limit itself is fine, and a $skip inside a quoted text is only text."""
    query = Query(expand=tuple(Expand(f"n{i}") for i in range(15)), top=5, order_by=("name",))
    assert query.top == 5
    assert Query(expand=("tasks($filter=subject eq '$skip=1, $expand=x')",), top=1).top == 1


def test_a_list_without_a_bound_has_to_be_asked_for(
    service: responses.RequestsMock, client: DataverseClient, root: str, accounts: Table
) -> None:
    """Neither filter nor top is refused at once; EVERYTHING, a filter or a top is sent."""
    for query in (Query(), Query(order_by=("name",)), Query(filter="  ")):
        with pytest.raises(UsageError, match="whole table"):
            client.list(accounts, query)
    with pytest.raises(UsageError, match="is_unbounded"):
        client.list(accounts)
    service.get(f"{root}/accounts", json={"value": []})
    for query in (EVERYTHING, Query(is_unbounded=True), Query(top=1), Query(filter=called == "x")):
        assert list(client.list(accounts, query)) == []


def test_a_query_is_sent_as_its_options(
    service: responses.RequestsMock, client: DataverseClient, root: str, accounts: Table
) -> None:
    """Conditions, orders, expands and aliases arrive as OData text, unquoted by nobody."""
    service.get(f"{root}/accounts", json={"value": []})
    query = Query(
        filter=(called == "R&D #1") & (revenue > 5),
        order_by=(called.descending, revenue.ascending),
        expand=(Expand("primarycontactid", ("fullname",)),),
        more={"tag": "t"},
    ).where(called != "x")
    assert list(client.list(accounts, query)) == []
    assert unquote(str(service.calls[0].request.url)).partition("?")[2] == (
        "$select=accountid,name,revenue&$filter=name eq 'R&D #1' and revenue gt 5 and name ne 'x'"
        "&$orderby=name desc,revenue asc&$expand=primarycontactid($select=fullname)&tag=t"
    )
    assert "R%26D%20%231" in str(service.calls[0].request.url)


def test_where_narrows_a_query_whatever_its_filter_is() -> None:
    """Text keeps its parentheses, so that an `or` in it stays together."""
    assert Query(filter="a eq 1 or b eq 2").where(called == "x").filter_text == (
        "(a eq 1 or b eq 2) and name eq 'x'"
    )
    assert Query().where(called == "x").filter_text == "name eq 'x'"


@pytest.mark.parametrize(
    ("query", "name", "nearest"),
    [
        (Query(filter=column("nam") == "x"), "nam", "name"),
        (Query(top=1, select=("revenu",)), "revenu", "revenue"),
        (Query(top=1, order_by=("Name desc",)), "Name", "name"),
        (Query(filter=(called == "x") & ~(column("nme").is_null)), "nme", "name"),
        (Query(filter=column("nome").in_(["x"])), "nome", "name"),
        (Query(filter=called == column("reveneu")), "reveneu", "revenue"),
    ],
)
def test_a_name_that_the_table_does_not_have_is_refused_with_the_nearest(
    client: DataverseClient, accounts: Table, query: Query, name: str, nearest: str
) -> None:
    """The record's own names are known without a request; a typing error costs none."""
    with pytest.raises(UsageError, match=f"no '{name}'.*Did you mean {nearest}"):
        client.list(accounts, query)


def test_the_live_table_outranks_the_record(
    service: responses.RequestsMock, client: DataverseClient, root: str, accounts: Table
) -> None:
    """Once table_definitions has read a table, its columns count; a lookup is offered in its clothes."""
    attributes = [
        {"LogicalName": name, "AttributeType": kind}
        for name, kind in (("accountid", "Uniqueidentifier"), ("name", "String"), ("revenue", "Money"),
                           ("websiteurl", "String"), ("ownerid", "Owner"))
    ]  # fmt: skip
    service.get(
        f"{root}/EntityDefinitions",
        json={"value": [{"LogicalName": "account", "EntitySetName": "accounts", "Attributes": attributes}]},
    )
    service.get(f"{root}/accounts", json={"value": []})
    with pytest.raises(UsageError, match="table_definitions"):
        client.list(accounts, Query(filter=column("websiteurl").is_null))
    client.table_definitions(["account"])
    assert list(client.list(accounts, Query(filter=column("websiteurl").is_null))) == []
    assert list(client.list(accounts, Query(filter=column("_ownerid_value").in_([ID])))) == []
    with pytest.raises(UsageError, match="Did you mean _ownerid_value"):
        client.list(accounts, Query(filter=column("ownerid") == guid(ID)))
    with pytest.raises(UsageError, match="according to this environment"):
        client.count(accounts, column("nothing") == 1)
