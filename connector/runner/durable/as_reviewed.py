"""A durable run that does what was reviewed: checked contract by contract, before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from connector.errors import Refused
from connector.runner.plan import ContractPlan
from connector.runner.reviewed import pieces_of
from connector.state.reviews import Reviews

CHANGED = "Since the plan was reviewed something has changed: "
HINT = "Cancel this run and review the plan again; what was created until then is as it was reviewed."


@dataclass(frozen=True)
class AsReviewed:
    """The pieces that were reviewed of some contracts, by contract."""

    pieces: Mapping[str, frozenset[str]]
    is_by_records: bool

    def check(self, plan: ContractPlan, *, is_begun: bool) -> None:
        """Raises Refused for a plan that has what was not reviewed, or lacks what was; of a contract that
        is begun a part is done."""
        planned = frozenset(pieces_of(plan, is_by_records=self.is_by_records))
        reviewed = self.pieces.get(plan.snapshot.contract.id, frozenset())
        if planned - reviewed or (planned != reviewed and not is_begun):
            name = plan.snapshot.contract.name or plan.snapshot.contract.id
            raise Refused(f"{CHANGED}{name} would be invoiced otherwise than that.", HINT)

    def check_there(self, contracts: Iterable[str], seen: set[str]) -> None:
        """Raises Refused when one of the contracts was reviewed and is not there any more."""
        for id in contracts:
            if id in self.pieces and id not in seen:
                raise Refused(f"{CHANGED}the contract {id} is not there any more.", HINT)


def counted_on_the_way(
    reviews: Reviews, run: str, chunks: Iterable[Sequence[str]]
) -> Iterator[Sequence[str]]:
    """The chunks as they come. Raises Refused at their end when they leave out what was reviewed."""
    found = 0
    for chunk in chunks:
        found += reviews.count(run, chunk)
        yield chunk
    if left := reviews.count(run) - found:
        what = "a contract that was" if left == 1 else f"{left} contracts that were"
        raise Refused(f"{CHANGED}{what} to be invoiced no longer can be. Nothing was created.", HINT)
