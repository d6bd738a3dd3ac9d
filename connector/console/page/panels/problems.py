"""Problems: what the checks found, by check, by contract or by manager, with the fix and the record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from connector.console.page.panels.paging import PAGE_ROWS, Paged, number_of, paged, rows_of
from connector.console.page.readings import FindingsSeen, WorkSeen
from connector.verification.check import Check
from connector.verification.finding import Outcome, Record, Severity
from connector.verification.verify import Result


class Level(StrEnum):
    """How bad a finding is; what could not be judged stands between errors and warnings."""

    ERROR = "error"
    UNKNOWN = "unknown"
    WARNING = "warning"
    INFO = "info"


class By(StrEnum):
    CHECK = "check"
    CONTRACT = "contract"
    MANAGER = "manager"


LEVEL_WORDS: Mapping[Level, str] = {
    Level.ERROR: "Error",
    Level.UNKNOWN: "Unknown",
    Level.WARNING: "Warning",
    Level.INFO: "Note",
}
BY_WORDS: Mapping[By, str] = {By.CHECK: "Check", By.CONTRACT: "Contract", By.MANAGER: "Manager"}
NO_CONTRACT = "The environment and the job"
NO_MANAGER = "No manager"
_LEVELS = tuple(Level)


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding; `contract` is the id of the contract that it is about, empty where it is about none."""

    check: Check
    level: Level
    message: str
    fix: str
    record: Record | None
    evidence: Mapping[str, str]
    contract: str
    contract_name: str
    manager: str


@dataclass(frozen=True, slots=True)
class Group:
    """Problems that stand together; `check` is theirs where they are grouped by it."""

    title: str
    level: Level
    check: Check | None
    fixes: tuple[str, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    by: By = By.CHECK
    level: Level | None = None
    check: str = ""
    contract: str = ""
    manager: str = ""
    q: str = ""
    page: int = 1
    rows: int = PAGE_ROWS

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Asked:
        """Words that are none are left out: an address may be old, or typed."""
        by, level = query.get("by", ""), query.get("level", "")
        return cls(
            by=By(by) if by in set(By) else By.CHECK,
            level=Level(level) if level in set(Level) else None,
            check=query.get("check", "")[:20],
            contract=query.get("contract", "")[:100],
            manager=query.get("manager", "")[:200],
            q=query.get("q", "").strip()[:200],
            page=number_of(query.get("page", "")),
            rows=rows_of(query),
        )

    def as_query(self) -> dict[str, str]:
        by = "" if self.by is By.CHECK else self.by.value
        return {
            "by": by,
            "level": self.level or "",
            "check": self.check,
            "contract": self.contract,
            "manager": self.manager,
            "q": self.q,
        }


@dataclass(frozen=True, slots=True)
class ProblemsView:
    """`page` holds the problems shown, `groups` the same in groups; `counts` are of all that the other
    questions leave, `made` are all checks with their worst outcome."""

    groups: tuple[Group, ...]
    page: Paged[Problem]
    counts: dict[Level, int]
    checks: list[str]
    contracts: list[tuple[str, str]]
    managers: list[str]
    made: tuple[tuple[Check, Outcome], ...]
    asked: Asked
    total: int


def problems_view(seen: FindingsSeen, work: WorkSeen | None, asked: Asked) -> ProblemsView:
    """`work` tells which contract a record belongs to, and who manages it; without it nobody knows yet."""
    every = [_problem(item, work) for item in seen.report.results if item.is_trouble]
    within = [one for one in every if _is_within(one, asked)]
    chosen = sorted((one for one in within if asked.level in {None, one.level}), key=_order(asked.by))
    page = paged(chosen, asked.page, asked.rows)
    return ProblemsView(
        groups=tuple(_groups(page.items, asked.by)),
        page=page,
        counts={
            level: count
            for level in Level
            if (count := sum(one.level is level for one in within)) or level is asked.level
        },
        checks=sorted({one.check.code for one in every}),
        contracts=sorted(
            {(one.contract_name, one.contract) for one in every if one.contract},
            key=lambda pair: (pair[0].casefold(), pair[1]),
        ),
        managers=sorted({one.manager for one in every if one.manager}, key=str.casefold),
        made=tuple((check, outcome) for check, outcome, _ in seen.report.by_check()),
        asked=asked,
        total=len(every),
    )


def level_of(result: Result) -> Level:
    if result.finding.outcome is Outcome.UNKNOWN:
        return Level.UNKNOWN
    return {
        Severity.ERROR: Level.ERROR,
        Severity.WARNING: Level.WARNING,
        Severity.INFO: Level.INFO,
    }[result.severity]


def _problem(result: Result, work: WorkSeen | None) -> Problem:
    record = result.finding.record
    contract = "" if work is None or record is None else work.whose.contracts.get(record.id, "")
    return Problem(
        check=result.check,
        level=level_of(result),
        message=result.finding.message,
        fix=result.fix,
        record=record,
        evidence=result.finding.evidence,
        contract=contract,
        contract_name="" if work is None else work.whose.names.get(contract, ""),
        manager="" if work is None else work.managers.get(contract, ""),
    )


def _is_within(one: Problem, asked: Asked) -> bool:
    if asked.check not in {"", one.check.code} or asked.manager not in {"", one.manager}:
        return False
    if asked.contract not in {"", one.contract}:
        return False
    name = one.record.name if one.record is not None else ""
    text = f"{one.check.code}\n{one.check.question}\n{one.message}\n{name}\n{one.contract_name}".casefold()
    return all(word in text for word in asked.q.casefold().split())


def _order(by: By) -> Callable[[Problem], tuple[object, ...]]:
    """The worst first; what is about no contract stands before the contracts."""

    def key(one: Problem) -> tuple[object, ...]:
        rank = (_LEVELS.index(one.level), one.check.code)
        if by is By.CONTRACT:
            return (bool(one.contract), one.contract_name.casefold(), one.contract, *rank)
        if by is By.MANAGER:
            return (not one.manager, one.manager.casefold(), *rank, one.contract_name.casefold())
        return rank

    return key


def _groups(problems: Sequence[Problem], by: By) -> Iterator[Group]:
    for (title, _), of in groupby(problems, key=lambda one: _title(one, by)):
        same = tuple(of)
        yield Group(
            title=title,
            level=min((one.level for one in same), key=_LEVELS.index),
            check=same[0].check if by is By.CHECK else None,
            fixes=tuple(dict.fromkeys(one.fix for one in same)),
            problems=same,
        )


def _title(one: Problem, by: By) -> tuple[str, str]:
    """What a group is called, and what tells it from others of that name."""
    if by is By.CONTRACT:
        return one.contract_name or NO_CONTRACT, one.contract
    if by is By.MANAGER:
        return one.manager or NO_MANAGER, ""
    return one.check.question, f"{one.check.code} {one.level}"
