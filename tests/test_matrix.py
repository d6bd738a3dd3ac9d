"""How large matrices are drawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.matrix import Matrix


def test_a_tenth_is_drawn_and_the_same_again_by_the_same_seed() -> None:
    """Ten of a hundred in their order; another seed and another test draw others."""
    cases = list(range(100))
    drawn = Matrix(is_whole=False, seed=1, test="a").sample(cases)
    assert len(drawn) == 10
    assert drawn == sorted(drawn)
    assert drawn == Matrix(is_whole=False, seed=1, test="a").sample(cases)
    assert drawn != Matrix(is_whole=False, seed=2, test="a").sample(cases)
    assert drawn != Matrix(is_whole=False, seed=1, test="b").sample(cases)


@pytest.mark.parametrize(("count", "drawn"), [(0, 0), (1, 1), (4, 1), (25, 2), (1000, 100)])
def test_there_is_at_least_one_case_where_there_is_any(count: int, drawn: int) -> None:
    """A small matrix is not left out."""
    assert len(Matrix(is_whole=False, seed=3, test="a").sample(range(count))) == drawn


def test_a_whole_matrix_is_whole() -> None:
    """With --all every case, in its order."""
    assert Matrix(is_whole=True, seed=3, test="a").sample("cba") == ["c", "b", "a"]


def test_a_run_says_its_seed(pytestconfig: pytest.Config, matrix: Matrix) -> None:
    """The header names the seed that draws the same cases again, the one that every test is given."""
    said = pytestconfig.hook.pytest_report_header(config=pytestconfig, start_path=Path(), startdir=None)
    lines = [line for found in said for line in ([found] if isinstance(found, str) else found)]
    told = "matrices: whole" if matrix.is_whole else f"--matrix-seed {matrix.seed};"
    assert sum(told in line for line in lines) == 1
