"""The baseline file: what is written is read, and what is broken is named by its line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import SettingsError
from connector.verification.baseline import Known, read_baseline, written

ENTRY = '[[known]]\ncode = "SCH02"\nreason = "By hand"\nuntil = 2026-12-31\n'
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=4))
def test_whatever_a_record_is_called_survives_the_file(
    tmp_path_factory: pytest.TempPathFactory, texts: list[tuple[str, str]]
) -> None:
    """Any name and any reason is written so that the same is read."""
    entries = tuple(
        Known("SCH02", f"why {reason}", date(2026, 12, 31), "salesorderdetail", f"id-{number}", name)
        for number, (name, reason) in enumerate(texts)
    )
    path = tmp_path_factory.mktemp("baseline") / "known.toml"
    path.write_text(written(entries), encoding="utf-8", newline="\n")
    assert read_baseline(path).entries == entries


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        ("version = 2\n", "line 1, version", "2 is not a version"),
        ("", "line 1, version", "None is not a version"),
        ("version = 1\nknow = 3\n", "line 1, know", "not a key of a baseline"),
        ("version = 1\nknown = 3\n", "line 1, known", "not a list of tables"),
        (f"version = 1\n{ENTRY}colour = 3\n", "line 6, colour", "not a key of an entry"),
        ("version = 1\n[[known]]\ncode = 'SCH02'\nuntil = 2026-12-31\n", "line 2, reason", "missing"),
        (f"version = 1\n{ENTRY}\n{ENTRY}".replace("2026-12-31\n\n", "'soon'\n\n"), "line 5, until", "a day"),
        (f"version = 1\n{ENTRY.replace('31', '31T10:00:00')}", "line 5, until", "a day"),
        (f"version = 1\n{ENTRY.replace('SCH02', 'sch2')}", "line 3, code", "'sch2' is not a check"),
        (f"version = 1\n{ENTRY.replace('By hand', ' ')}", "line 4, reason", "empty"),
        (f"version = 1\n{ENTRY}record = '1'\n", "line 6, record", "go together"),
        (f"version = 1\n{ENTRY}{ENTRY}", "line 7, code", "known twice"),
        ("version = 1\n[[known\n", "line 2", "not TOML"),
    ],
)
def test_a_broken_file_is_named_by_line_and_key(tmp_path: Path, text: str, place: str, problem: str) -> None:
    """File, line, key and what was expected stand in one error."""
    path = tmp_path / "known.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        read_baseline(path)
    assert str(path) in caught.value.message
    assert place in caught.value.message
    assert problem in caught.value.message


def test_a_file_that_is_not_there_is_no_empty_baseline(tmp_path: Path) -> None:
    """A misspelled file name does not quietly accept nothing."""
    with pytest.raises(SettingsError, match="no baseline"):
        read_baseline(tmp_path / "nowhere.toml")
