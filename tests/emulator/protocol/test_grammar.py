"""Queries and bodies from grammars, raw bytes and odd headers: an answer below 500, or 501 with a name."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.emulator.protocol.caller import TIMEOUT_S, Api

FEW = settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])

COLUMN = st.sampled_from(
    [
        "name",
        "creditlimit",
        "createdon",
        "accountid",
        "_parentaccountid_value",
        "donotemail",
        "exchangerate",
        "parentaccountid/name",
        "parentaccountid/createdon",
        "industrycode",
        "nonsense",
        "address1_latitude",
    ]
)
VALUE = st.one_of(
    st.integers().map(str),
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
    st.text(max_size=8).map(lambda text: "'" + text.replace("'", "''") + "'"),
    st.datetimes().map(lambda moment: f"{moment.isoformat()}Z"),
    st.dates().map(str),
    st.sampled_from(["null", "true", "11111111-1111-1111-1111-111111111111", "-0", "1e5"]),
)
NAMES = ["In", "NotIn", "Between", "On", "OnOrAfter", "Today", "LastXDays", "NextXYears", "OlderThanXMinutes"]
FUNCTION = st.sampled_from(
    [*NAMES, "LastFiscalPeriod", "InFiscalYear", "ContainValues", "EqualUserId", "Above"]
)


def _call(name: str, column: str, values: list[str]) -> str:
    inside = f"PropertyName='{column}'" + (f",PropertyValues=[{','.join(values)}]" if values else "")
    return f"Microsoft.Dynamics.CRM.{name}({inside})"


COMPARISON = st.builds("{} {} {}".format, COLUMN, st.sampled_from(["eq", "ne", "gt", "le", "has"]), VALUE)
CALL = st.builds(_call, FUNCTION, COLUMN, st.lists(VALUE, max_size=3))
PATTERN = st.builds(
    "{}({},{})".format, st.sampled_from(["contains", "startswith", "endswith"]), COLUMN, VALUE
)
FILTER = st.recursive(
    st.one_of(COMPARISON, CALL, PATTERN),
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("not ({})".format, inner),
        st.builds("account_parent_account/any(x:{})".format, inner),
    ),
    max_leaves=6,
)
EXPAND = st.recursive(
    st.sampled_from(
        ["parentaccountid", "account_parent_account", "ownerid", "primarycontactid/$ref", "nonsense"]
    ),
    lambda inner: st.builds(
        "{}($select={};$expand={})".format,
        st.sampled_from(["parentaccountid", "account_parent_account", "createdby"]),
        COLUMN,
        inner,
    ),
    max_leaves=4,
)
METHOD = st.sampled_from(["sum", "average", "min", "max", "countdistinct", "nonsense"])
TERM = st.one_of(
    st.builds("{} with {} as {}".format, COLUMN, METHOD, st.sampled_from(["a", "b", "name"])),
    st.just("$count as n"),
)
AGGREGATE = st.lists(TERM, max_size=3).map(lambda terms: f"aggregate({','.join(terms)})")
GROUPS = st.lists(COLUMN, max_size=2).map(lambda names: f"({','.join(names)})")
APPLY = st.one_of(
    AGGREGATE,
    st.builds("groupby({},{})".format, GROUPS, AGGREGATE),
    st.builds("filter({})/groupby({})".format, FILTER, GROUPS),
    st.builds("{}/{}".format, AGGREGATE, AGGREGATE),
)


def _is_fine(answer: requests.Response) -> bool:
    """A result, or a refusal with a code and a message; a 501 says what it is about."""
    if answer.status_code < 400:
        return True
    error = answer.json()["error"]
    return (answer.status_code < 500 or answer.status_code == 501) and bool(error["message"])


@FEW
@given(text=FILTER, top=st.integers(-2, 10))
def test_any_filter_of_the_grammar(api: Api, text: str, top: int) -> None:
    """Every combination of columns, operators, functions and values is answered."""
    answer = api.get(f"accounts?$filter={quote(text)}&$top={top}&$count=true")
    assert _is_fine(answer), (text, answer.text)


@FEW
@given(expand=st.lists(EXPAND, min_size=1, max_size=3), size=st.integers(0, 3))
def test_any_expand_of_the_grammar(api: Api, expand: list[str], size: int) -> None:
    """So is every expansion, of whatever depth, with pages of whatever size."""
    answer = api.get(f"accounts?$expand={quote(','.join(expand))}", Prefer=f"odata.maxpagesize={size}")
    assert _is_fine(answer), (expand, answer.text)


@FEW
@given(text=APPLY, order=COLUMN)
def test_any_apply_of_the_grammar(api: Api, text: str, order: str) -> None:
    """And every aggregation."""
    answer = api.get(f"accounts?$apply={quote(text)}&$orderby={order}")
    assert _is_fine(answer), (text, answer.text)


TAG = st.sampled_from(
    ["fetch", "entity", "attribute", "order", "filter", "condition", "link-entity", "value"]
)
ATTRIBUTE = st.sampled_from(
    [
        "name",
        "attribute",
        "operator",
        "value",
        "from",
        "to",
        "alias",
        "aggregate",
        "groupby",
        "dategrouping",
        "count",
        "page",
        "paging-cookie",
        "distinct",
        "top",
        "descending",
        "type",
        "link-type",
        "entityname",
    ]
)
WORD = st.one_of(
    st.sampled_from(
        [
            "account",
            "contact",
            "name",
            "accountid",
            "createdon",
            "creditlimit",
            "parentaccountid",
            "true",
            "1",
            "0",
            "eq",
            "in",
            "between",
            "last-x-days",
            "like",
            "on",
            "null",
            "sum",
            "count",
            "outer",
            "month",
            "2020-10-03",
        ]
    ),
    st.text(max_size=5),
)


def _element(tag: str, attributes: dict[str, str], inside: list[str]) -> str:
    def escaped(text: str) -> str:
        return "".join(f"&#{ord(c)};" for c in text if ord(c) > 31 and not 0xD800 <= ord(c) < 0xE000)

    written = "".join(f' {name}="{escaped(value)}"' for name, value in attributes.items())
    return f"<{tag}{written}>{''.join(inside)}</{tag}>"


XML = st.recursive(
    st.builds(_element, TAG, st.dictionaries(ATTRIBUTE, WORD, max_size=4), st.just([])),
    lambda inner: st.builds(
        _element, TAG, st.dictionaries(ATTRIBUTE, WORD, max_size=4), st.lists(inner, max_size=3)
    ),
    max_leaves=8,
)


@FEW
@given(inside=st.lists(XML, max_size=4), attributes=st.dictionaries(ATTRIBUTE, WORD, max_size=2))
def test_any_fetchxml_of_the_grammar(api: Api, inside: list[str], attributes: dict[str, str]) -> None:
    """FetchXML of known words in any arrangement."""
    entity = _element("entity", {"name": "account"}, inside)
    text = _element("fetch", attributes, [entity])
    answer = api.get(f"accounts?fetchXml={quote(text)}", Prefer='odata.include-annotations="*"')
    assert _is_fine(answer), (text, answer.text)


@FEW
@given(raw=st.binary(max_size=80))
def test_raw_bytes_as_options_and_bodies(api: Api, raw: bytes) -> None:
    """Bytes of no meaning in every option, and as the body of every kind of write."""
    text = quote(raw)
    for option in ("$filter", "$apply", "fetchXml", "$expand", "$orderby", "$skiptoken", "$deltatoken"):
        assert _is_fine(api.get(f"accounts?{option}={text}")), (option, raw)
    assert _is_fine(api.get(f"accounts({text})"))
    assert _is_fine(api.get(f"EntityDefinitions({text})?$filter={text}"))
    for path in ("accounts", "BulkDelete", "EntityDefinitions(LogicalName='account')/Keys", "$batch"):
        answer = api.session.post(f"{api.root}/{path}", data=raw, timeout=TIMEOUT_S)
        assert _is_fine(answer), (path, raw)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | WORD,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORD, inner, max_size=2),
    max_leaves=4,
)
CONDITION = st.fixed_dictionaries(
    {},
    optional={
        "AttributeName": WORD | JSON,
        "Operator": st.sampled_from(["Equal", "In", "Between", "Null", "Like", "OlderThanXDays", "x"]) | JSON,
        "Values": st.lists(JSON, max_size=2) | JSON,
    },
)


@FEW
@given(conditions=st.lists(CONDITION | JSON, max_size=2), extra=st.dictionaries(WORD, JSON, max_size=1))
def test_any_bulk_delete(api: Api, conditions: list[Any], extra: dict[str, Any]) -> None:
    """Queries of BulkDelete with conditions of any shape; an empty table loses nothing by it."""
    query = {"EntityName": "msdyn_roleutilization", "Criteria": {"Conditions": conditions}, **extra}
    body = {"JobName": "x", "QuerySet": [query]}
    answer = api.session.post(f"{api.root}/BulkDelete", data=json.dumps(body).encode(), timeout=TIMEOUT_S)
    assert _is_fine(answer), (body, answer.text)


HEADER = st.sampled_from(
    ["Prefer", "If-Match", "If-None-Match", "CallerObjectId", "MSCRMCallerID", "Accept", "Content-Type"]
)
HEADER_VALUE = st.one_of(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20),
    st.sampled_from(
        ["odata.maxpagesize=0", "odata.track-changes", "*", 'W/"1"', "return=representation", "null"]
    ),
)


@FEW
@given(
    headers=st.dictionaries(HEADER, HEADER_VALUE, max_size=3),
    method=st.sampled_from(["GET", "POST", "PATCH"]),
)
def test_any_headers(api: Api, headers: dict[str, str], method: str) -> None:
    """Headers with any value, on reads and on writes."""
    path = "accounts(11111111-1111-1111-1111-111111111111)" if method == "PATCH" else "accounts"
    data = None if method == "GET" else b"{}"
    answer = api.session.request(method, f"{api.root}/{path}", data=data, headers=headers, timeout=TIMEOUT_S)
    assert _is_fine(answer), (headers, answer.text)


@pytest.mark.parametrize("depth", [50, 2000])
def test_deep_nesting_is_refused(api: Api, depth: int) -> None:
    """Nothing that nests brings the emulator down."""
    inner = "parentaccountid" + "($expand=parentaccountid" * depth + ")" * depth
    assert _is_fine(api.get(f"accounts?$expand={quote(inner)}"))
    assert _is_fine(api.get(f"accounts?$apply={quote('filter(' * depth + ')' * depth)}"))
    filters = "<filter>" * depth + "</filter>" * depth
    text = f"<fetch><entity name='account'>{filters}</entity></fetch>"
    assert _is_fine(api.get(f"accounts?fetchXml={quote(text, safe='/<>')}"))


def test_xml_entities_are_never_expanded(api: Api) -> None:
    """A document with declarations of its own is refused before it is read."""
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><fetch><entity name="&b;"/></fetch>'
    answer = api.get(f"accounts?fetchXml={quote(bomb)}")
    assert answer.status_code == 400
    assert "declaration" in answer.json()["error"]["message"]
