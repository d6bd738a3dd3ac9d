"""Pages that are decoded piece by piece: the same records as at once, whatever stands in them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector.dataverse.exchange import page
from connector.dataverse.exchange.page import open_page
from connector.errors import MalformedAnswer

LINK = "https://contoso.crm4.dynamics.com/api/data/v9.2/accounts?$skiptoken=%7B%7D"


class Row(msgspec.Struct, frozen=True, rename={"etag": "@odata.etag"}):
    etag: str | None = None
    name: str | None = None
    revenue: Decimal | None = None
    contacts: Any = None


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "_PIECE", 40)


def records(content: bytes) -> tuple[list[Row], int]:
    """All records, and in how many pieces they came."""
    pieces = list(open_page(content, Row, "accounts").pieces)
    return [row for piece in pieces for row in piece], len(pieces)


def written(rows: list[dict[str, Any]], **members: Any) -> bytes:
    """As Dataverse writes it: without blanks."""
    return json.dumps({"value": rows, **members}, separators=(",", ":"), ensure_ascii=False).encode()


_text = st.text() | st.sampled_from(
    ['},{"@odata.etag":"', '\\"},{\\"@odata.etag\\":', "]}", '"value":[', "\\"]
)
_row = st.fixed_dictionaries(
    {"@odata.etag": _text, "name": _text},
    optional={"contacts": st.lists(st.fixed_dictionaries({"@odata.etag": _text}), max_size=3) | _text},
)


@given(st.lists(_row, max_size=30), st.sampled_from([{}, {"@odata.nextLink": LINK}, {"other": [{"a": []}]}]))
@example([{"@odata.etag": "1", "name": "},{"}] * 9, {})
@example([{"@odata.etag": "1", "contacts": [{"@odata.etag": "2"}] * 9}] * 9, {})
def test_pieces_are_the_whole(rows: list[dict[str, Any]], members: dict[str, Any]) -> None:
    """Texts that look like the end of a record, and records within records, change nothing."""
    content = written(rows, **members)
    found, _ = records(content)
    assert found == msgspec.json.decode(content, type=page._Whole[Row]).records
    assert open_page(content, Row, "accounts").next_link == members.get("@odata.nextLink")


def test_a_page_comes_in_pieces() -> None:
    """Each decoded when it is taken."""
    rows = [{"@odata.etag": f"{number}", "revenue": number} for number in range(40)]
    found, pieces = records(b'{"@odata.context":"x/$metadata#accounts(name)",' + written(rows)[1:])
    assert [row.etag for row in found] == [str(number) for number in range(40)]
    assert pieces > 10


@pytest.mark.parametrize(
    "content",
    [
        b'{"value": [' + b", ".join([b'{"name": "a"}'] * 40) + b"]}",
        b'{"a":{"value":[' + b",".join([b'{"name":"a"}'] * 40) + b']},"value":[]}',
        b'{"value":[' + b",".join([b'{"name":"a"}'] * 40) + b'],"value":[]}',
        b'{"value":[],"b":[' + b",".join([b'{"name":"a"}'] * 40) + b"]}",
        b'{"value":[' + b",".join([b"{}"] * 40) + b"]}",
        b'{"@odata.context":"#accounts(a[b])","value":[' + b",".join([b'{"name":"a"}'] * 40) + b"]}",
    ],
)
def test_what_is_written_otherwise_is_decoded_whole(content: bytes) -> None:
    """Blanks between records, members of the same name elsewhere: as msgspec reads it."""
    found, _ = records(content)
    assert found == msgspec.json.decode(content, type=page._Whole[Row]).records


def test_a_record_that_does_not_fit_is_named_by_its_place_in_the_page() -> None:
    """After the records before its piece."""
    rows: list[dict[str, Any]] = [{"@odata.etag": "1", "name": f"{number}"} for number in range(40)]
    rows[33]["name"] = 5
    pieces = open_page(written(rows), Row, "accounts").pieces
    seen = [row for _, piece in zip(range(3), pieces, strict=False) for row in piece]
    assert [row.name for row in seen] == [str(number) for number in range(len(seen))]
    with pytest.raises(MalformedAnswer, match=r"accounts .*value\[33\]\.name"):
        list(pieces)


@pytest.mark.parametrize("cut", [1, 30, 500, 900, 999])
def test_a_page_that_is_cut_off_is_malformed(cut: int) -> None:
    """Whatever its bytes end with."""
    content = written([{"@odata.etag": "1", "name": "x" * 9}] * 40)
    with pytest.raises(MalformedAnswer):
        records(content[: len(content) * cut // 1000])
