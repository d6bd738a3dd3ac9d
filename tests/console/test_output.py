from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from connector.console.output import Envelope, Format, Layout, write, write_text
from connector.model.shown_text import harmless

LAYOUT = Layout(
    "projops.run/1",
    {"invoice": "invoices", "skipped": "skipped"},
    ("contract", "name", "total", "lines"),
)
ENVELOPE = Envelope(LAYOUT.schema, "https://org.example", datetime(2020, 10, 5, 6, tzinfo=UTC))
STREAM = [
    {"kind": "head", "on": "2020-10-05", "applied": False},
    {"kind": "invoice", "contract": "c1", "total": "12000.00", "lines": [{"amount": "1.10"}]},
    {"kind": "skipped", "contract": "c2", "name": "Müller & Söhne"},
    {"kind": "invoice", "contract": "c3", "total": "0.01", "lines": []},
]


def written(form: Format, stream: Any = STREAM) -> str:
    file = io.StringIO()
    write(file, form, LAYOUT, ENVELOPE, stream)
    return file.getvalue()


def test_json_is_one_object_with_the_envelope_first() -> None:
    """JSON begins with schema, environment and instant, and gathers each kind in its list."""
    found = json.loads(written(Format.JSON))
    assert list(found)[:3] == ["schema", "environment", "generated_at"]
    assert found == {
        "schema": "projops.run/1",
        "environment": "https://org.example",
        "generated_at": "2020-10-05T06:00:00Z",
        "on": "2020-10-05",
        "applied": False,
        "invoices": [
            {"contract": "c1", "total": "12000.00", "lines": [{"amount": "1.10"}]},
            {"contract": "c3", "total": "0.01", "lines": []},
        ],
        "skipped": [{"contract": "c2", "name": "Müller & Söhne"}],
    }


def test_json_of_nothing_has_its_lists() -> None:
    """A list that got no item is there, empty, so that readers need no special case."""
    found = json.loads(written(Format.JSON, []))
    assert (found["invoices"], found["skipped"]) == ([], [])


def test_json_lines_are_the_same_stream() -> None:
    """JSON lines are the stream itself, one object a line, after a line with the envelope."""
    lines = [json.loads(line) for line in written(Format.JSONL).splitlines()]
    assert lines[0] == {"kind": "envelope", **ENVELOPE.fields()}
    assert lines[1:] == STREAM


def test_json_lines_come_as_the_stream_goes() -> None:
    """A line is written before the next item is asked for."""
    file = io.StringIO()
    seen: list[int] = []

    def stream() -> Iterator[dict[str, str]]:
        for number in range(3):
            seen.append(len(file.getvalue().splitlines()))
            yield {"kind": "invoice", "contract": str(number)}

    write(file, Format.JSONL, LAYOUT, ENVELOPE, stream())
    assert seen == [1, 2, 3]


def test_json_that_outgrows_memory_is_the_same() -> None:
    """What is spooled to a file and what stays in memory reads the same."""
    stream = [{"kind": "invoice", "contract": "é" * 1000, "number": number} for number in range(1500)]
    found = json.loads(written(Format.JSON, stream))
    assert [one["number"] for one in found["invoices"]] == list(range(1500))


def test_a_whole_result_becomes_the_stream_of_its_lists() -> None:
    """A result that is there as a whole is streamed as its own fields, then the items of its lists."""
    result = {"applied": True, "invoices": [{"contract": "c1"}], "skipped": []}
    stream = list(LAYOUT.stream_of(result))
    assert stream == [{"kind": "result", "applied": True}, {"kind": "invoice", "contract": "c1"}]
    assert json.loads(written(Format.JSON, stream)) == {**ENVELOPE.fields(), **result}


def test_csv_has_a_row_for_each_item_and_one_set_of_columns() -> None:
    """CSV has the same columns for all kinds; what is nested is JSON in its cell."""
    rows = list(csv.DictReader(io.StringIO(written(Format.CSV))))
    assert [row["kind"] for row in rows] == ["invoice", "skipped", "invoice"]
    assert rows[0]["lines"] == '[{"amount": "1.10"}]'
    assert rows[1]["name"] == "Müller & Söhne"
    assert rows[1]["total"] == ""


@pytest.mark.parametrize(
    ("text", "cell"),
    [("=1+1", "'=1+1"), ("@x", "'@x"), ("-5.20", "-5.20"), ("+3", "+3"), ("-x", "'-x"), ("a=b", "a=b")],
)
def test_no_cell_is_a_formula(text: str, cell: str) -> None:
    """A record's name cannot become a formula of the spreadsheet that opens the CSV; amounts stay numbers."""
    rows = list(csv.DictReader(io.StringIO(written(Format.CSV, [{"kind": "invoice", "name": text}]))))
    assert rows[0]["name"] == cell


@pytest.mark.parametrize(
    "name",
    [
        "\x1b[2Jgone",
        "##vso[task.complete result=Succeeded;]",
        "##[error]x",
        "::set-output name=a::b",
        "  ::error::x",
        "a\n::error::x",
        "a\n\n\t::error::x",
        "a\rb",
        "\u202edrow",
    ],
)
def test_a_records_name_commands_neither_terminal_nor_build(name: str) -> None:
    """Control characters and what build services take for commands do not leave as they came."""
    shown = harmless(name)
    assert "\x1b" not in shown
    assert "\r" not in shown
    assert "\u202e" not in shown
    assert "##vso[" not in shown
    assert "##[" not in shown
    assert not any(line.lstrip().startswith("::") for line in shown.splitlines())


@pytest.mark.parametrize("form", [Format.JSON, Format.JSONL])
@pytest.mark.parametrize("name", ["##vso[task.complete]", "###[error]", "a##b"])
def test_json_carries_the_name_and_no_command(form: Format, name: str) -> None:
    """In JSON the name is escaped, so that it reads as it was and no build service sees a command."""
    text = written(form, [{"kind": "invoice", "name": name}])
    assert "##" not in text
    found = json.loads(text if form is Format.JSON else text.splitlines()[1])
    assert (found["invoices"][0] if form is Format.JSON else found)["name"] == name


@pytest.mark.parametrize("name", ["##vso[task.complete]", "##[error]x", "a\n::error::x"])
def test_a_cell_commands_no_build(name: str) -> None:
    """CSV that is shown in a build's log holds no command of the build service, even in a later line."""
    text = written(Format.CSV, [{"kind": "invoice", "name": name}])
    assert "##vso[" not in text
    assert "##[" not in text
    assert not any(line.lstrip().startswith("::") for line in text.splitlines())


def test_text_is_written_line_by_line() -> None:
    """Lines for people end in a line feed each."""
    file = io.StringIO()
    write_text(file, ["one", "", "two"])
    assert file.getvalue() == "one\n\ntwo\n"


def test_the_instant_is_given_in_utc() -> None:
    """generated_at is in UTC whatever zone the value came in."""
    berlin = timezone(timedelta(hours=2))
    envelope = Envelope("x/1", "e", datetime(2020, 10, 5, 8, tzinfo=berlin))
    assert envelope.fields()["generated_at"] == "2020-10-05T06:00:00Z"
