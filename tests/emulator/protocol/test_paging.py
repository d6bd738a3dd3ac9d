"""Pages: sizes that do not divide, ties, empty values, and links that are followed as they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connector.emulator import RunningEmulator, start
from tests.emulator.protocol.caller import NOW, Api, code_of

COUNT = 23


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    """Accounts with few different names, some without a number of employees."""
    with start(None, now=NOW) as running:
        with running.store.transaction() as tx:
            for n in range(COUNT):
                employees = None if n % 4 == 0 else n % 3
                tx.insert("account", {"name": f"Ä {n % 5}", "numberofemployees": employees})
        yield running


def pages(api: Api, path: str, size: int) -> list[list[dict[str, Any]]]:
    found: list[list[dict[str, Any]]] = []
    address: str | None = path
    while address:
        answer = api.get(address, Prefer=f"odata.maxpagesize={size}")
        assert answer.status_code == 200, answer.text
        assert answer.headers["Preference-Applied"] == f"odata.maxpagesize={size}"
        content = answer.json()
        found.append(content["value"])
        address = content.get("@odata.nextLink")
    return found


@pytest.mark.parametrize("size", [1, 2, 7, 22, 23, 24])
@pytest.mark.parametrize(
    "order", ["", "&$orderby=name", "&$orderby=numberofemployees desc,name", "&$orderby=numberofemployees"]
)
def test_every_row_once_in_order(api: Api, size: int, order: str) -> None:
    """All pages together are the whole list, in its order, whatever the page size."""
    path = f"accounts?$select=name,numberofemployees{order}"
    whole = api.rows(path)
    split = pages(api, path, size)
    assert [row for page in split for row in page] == whole
    assert len(whole) == COUNT
    assert all(len(page) == size for page in split[:-1])


def test_a_page_keeps_its_place_when_rows_go(api: Api, emulator: RunningEmulator) -> None:
    """Deleting rows that were already read moves nothing: a page begins behind the last row."""
    path = "accounts?$select=name&$orderby=name"
    whole = [row["accountid"] for row in api.rows(path)]
    first = api.get(path, Prefer="odata.maxpagesize=5").json()
    with emulator.store.transaction() as tx:
        gone = tx.get("account", whole[0]) or {}
        tx.delete("account", whole[0])
    second = api.get(first["@odata.nextLink"], Prefer="odata.maxpagesize=5").json()
    assert [row["accountid"] for row in second["value"]] == whole[5:10]
    with emulator.store.transaction() as tx:
        tx.insert("account", {"accountid": whole[0], "name": gone["name"]})


def test_the_next_link_keeps_the_query(api: Api) -> None:
    """Filter and selection stand in the next link, which points back to this service."""
    content = api.get("accounts?$select=name&$filter=name ne 'x'", Prefer="odata.maxpagesize=2").json()
    link = content["@odata.nextLink"]
    assert link.startswith(f"{api.root}/accounts?$select=name&$filter=")
    assert "$skiptoken=%3Ccookie" in link


def test_top_is_ignored_beside_a_page_size(api: Api) -> None:
    """With both, the page size counts and the list goes on."""
    content = api.get("accounts?$select=name&$top=1", Prefer="odata.maxpagesize=2").json()
    assert len(content["value"]) == 2
    assert "@odata.nextLink" in content


@pytest.mark.parametrize("size", ["0", "-1", "x", ""])
def test_a_page_size_that_is_none_is_400(api: Api, size: str) -> None:
    """The preference wants a positive number."""
    assert api.get("accounts", Prefer=f"odata.maxpagesize={size}").status_code == 400


def test_a_forged_skip_token_is_400(api: Api) -> None:
    """A token that is not of this service, or of another query, is refused."""
    assert code_of(api.get("accounts?$skiptoken=nonsense")) == (400, "0x0")
    link = api.get("accounts?$select=name", Prefer="odata.maxpagesize=2").json()["@odata.nextLink"]
    assert api.get(f"{link}&$orderby=name,createdon").status_code == 400


def test_pages_of_a_collection(api: Api, emulator: RunningEmulator) -> None:
    """The rows below one row are paged like a set."""
    parent = api.create("accounts", {"name": "parent"})
    for n in range(5):
        api.create("accounts", {"name": f"child {n}", "parentaccountid@odata.bind": f"/accounts({parent})"})
    split = pages(api, f"accounts({parent})/account_parent_account?$select=name&$orderby=name desc", 2)
    assert [[row["name"][-1] for row in page] for page in split] == [["4", "3"], ["2", "1"], ["0"]]
