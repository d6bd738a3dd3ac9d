"""What somebody who comes from another client tries first: each mistake is told, with a way out."""

from __future__ import annotations

import copy
import pickle
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import responses

from connector import errors
from connector.dataverse import (
    EVERYTHING,
    Action,
    AssertionFile,
    Create,
    DataverseClient,
    MetadataCache,
    Query,
    TokenCacheFile,
    column,
)
from connector.dataverse.exchange.hints import UNREACHABLE, unreachable_hint
from connector.errors import Conflict, OutcomeUnknown, ProjopsError, SettingsError, UsageError
from tests.dataverse.conftest import Account, FixedTokens, Table

URL = "https://contoso.crm4.dynamics.com"
ID = "11111111-2222-3333-4444-555555555555"
RECORD: dict[str, object] = {"name": "x"}


@dataclass(frozen=True)
class Accounts(Table):
    key: str = "accountid"


TABLE = Accounts("account", "accounts", Account, ("accountid", "name"))
Call = Callable[[Any], object]


any_query: Any = Query


def given(**changes: Any) -> Any:
    """The table with something in it that is none of its parts."""
    parts = {"record": Account, "select": ("accountid",), **changes}
    return Accounts("account", "accounts", **parts)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda c: list(c.list("accounts", EVERYTHING)), "'accounts' is no table"),
        (lambda c: c.retrieve("accounts", ID), "'accounts' is no table"),
        (lambda c: c.retrieve(ID, TABLE), "is no table"),
        (lambda c: c.count("accounts"), "is no table"),
        (lambda c: c.fetch("accounts", "<fetch/>"), "is no table"),
        (lambda c: c.fetch_rows("accounts", "<fetch/>"), "is no table"),
        (lambda c: c.aggregate("accounts", "x"), "is no table"),
        (lambda c: c.list_by_keys("accounts", "name", ["a"]), "is no table"),
        (lambda c: c.list_by_creation("accounts"), "is no table"),
        (lambda c: c.create_multiple("account", [RECORD]), "is no table: it has no logical_name"),
        (lambda c: c.delete_multiple("account", [ID]), "is no table"),
        (lambda c: list(c.list(given(record=None), EVERYTHING)), "is no type"),
        (
            lambda c: list(c.list(given(select="name"), EVERYTHING)),
            "The select of a table is one text: 'name'",
        ),
        (lambda c: c.list(TABLE, "name eq 'x'"), "is no query"),
        (lambda c: c.list(TABLE, EVERYTHING, page_size="10"), "A page of '10' records cannot be"),
        (lambda _: any_query(select="name"), "select is one text: 'name'"),
        (lambda _: any_query(order_by="name desc"), "order_by is one text"),
        (lambda _: any_query(expand="primarycontactid"), "expand is one text"),
        (lambda _: any_query(filter=True), "True is no filter"),
        (lambda _: any_query(top="3"), "top='3' is no number"),
        (lambda _: column("name") == "a" & column("revenue"), "Put each comparison in parentheses"),
        (lambda _: column("name") == column("revenue") | 5, "Put each comparison in parentheses"),
        (lambda _: column("name").in_("abc"), "The values for name are one text, 'abc'"),
        (lambda c: c.create("accounts", ID, "name"), "a str is no record"),
        (lambda c: c.create("accounts", ID, None), "a NoneType is no record"),
        (lambda c: c.update("accounts", ID, RECORD, etag=None), "None is not an etag"),
        (lambda c: c.update("accounts", ID, RECORD, etag="1"), "'1' is not an etag"),
        (lambda c: c.delete("accounts", ID, etag=5), "5 is not an etag"),
        (
            lambda c: c.action("DoIt", bound_to="accounts"),
            "'accounts' is no record that DoIt can be bound to",
        ),
        (lambda c: c.function("DoIt", {"a": 5}), "The parameter a of DoIt is no OData text: 5"),
        (lambda c: c.create_multiple(TABLE, [RECORD], chunks=10), "10 does not say how to divide rows"),
        (lambda c: c.batch([Action("DoIt")], chunks=10), "10 does not say how to divide rows"),
        (lambda c: c.upsert_multiple(TABLE, [RECORD], by="name"), "The alternate key is one text: 'name'"),
        (lambda c: c.delete_multiple(TABLE, ID), "The list of ids is one text"),
        (lambda c: c.batch([RECORD]), "Operation 0: A dict is no operation"),
        (lambda c: c.batch(Action("DoIt")), "A single operation was given"),
        (lambda c: c.change_set([RECORD]), "A dict is no operation"),
        (lambda c: c.table_definitions("account"), "The list of tables is one text: 'account'"),
        (lambda c: c.list_by_keys(TABLE, "name", "Adatum"), "The list of keys for name is one text"),
        (lambda c: c.list_by_creation(TABLE, since=date(2020, 1, 1)), "is no instant"),
        (pickle.dumps, "A client cannot be copied or sent to another process"),
        (copy.copy, "A client cannot be copied"),
    ],
)
def test_a_mistake_is_told_before_anything_is_sent(client: DataverseClient, call: Call, said: str) -> None:
    """No AttributeError from inside, no letters taken for values, no request."""
    with pytest.raises(UsageError) as caught:
        call(client)
    assert said in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("url", [None, 5])
def test_an_address_that_is_no_text_is_a_setting(url: Any, tokens: FixedTokens) -> None:
    """A variable that was not set, most likely."""
    with pytest.raises(SettingsError, match="is not an address"):
        DataverseClient(url, tokens)


@pytest.mark.parametrize("tokens", ["eyJ0", None, object()])
def test_what_is_no_source_of_tokens_is_said_at_once(tokens: Any) -> None:
    """A token by itself, or a credential of another library, and the text is not shown."""
    with pytest.raises(UsageError, match="is no source of tokens") as caught:
        DataverseClient(URL, tokens)
    assert "eyJ0" not in str(caught.value)


def test_paths_may_be_texts(tokens: FixedTokens, tmp_path: Path) -> None:
    """As everywhere else in Python."""
    folder: Any = str(tmp_path)
    assert MetadataCache(folder).folder == tmp_path
    assert TokenCacheFile(folder).folder == tmp_path
    assert AssertionFile(folder).path == tmp_path
    with pytest.raises(SettingsError, match="does not exist"):
        DataverseClient(URL, tokens, ca_file=folder + "/none.pem")


def test_a_change_set_from_a_generator_is_no_less_careful(
    client: DataverseClient, service: responses.RequestsMock
) -> None:
    """What was iterated over once is not empty the second time: an action in it is still not repeated."""
    service.post(f"{URL}/api/data/v9.2/$batch", status=502)
    operations: Any = (each for each in [Create("accounts", str(uuid.uuid4()), RECORD), Action("DoIt")])
    with pytest.raises(OutcomeUnknown) as caught:
        client.change_set(operations)
    assert len(service.calls) == 1
    assert len(caught.value.sent) == 2


def test_an_error_crosses_the_border_of_a_process() -> None:
    """With its class, its words and all its parts, whichever class it is."""
    conflict = Conflict("meant 1, is 2", "Read it again.", status=412, code="0x80060882", request_id="r")
    conflict.current_etag = 'W/"2"'
    again = pickle.loads(pickle.dumps(conflict))
    assert type(again) is Conflict
    assert (str(again), vars(again)) == (str(conflict), vars(conflict))
    parts: tuple[dict[str, Any], ...] = {"status": 500}, {"method": "POST", "url": URL, "request_id": "r"}, {}
    for kind in (each for each in vars(errors).values() if isinstance(each, type)):
        if issubclass(kind, ProjopsError):
            error = next(made for each in parts if (made := _made(kind, each)) is not None)
            assert type(pickle.loads(pickle.dumps(error))) is kind


def _made(kind: type[ProjopsError], parts: dict[str, Any]) -> ProjopsError | None:
    try:
        return kind("message", **parts)
    except TypeError:
        return None


def test_a_certificate_of_nobody_has_a_hint_of_its_own() -> None:
    """Neither the network nor the proxy is what to look at first."""
    assert "ca_file" in unreachable_hint(
        "SSLError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"
    )
    assert unreachable_hint("ConnectTimeout: x") == UNREACHABLE
