"""`projops run --apply --durable --digest`: what was reviewed is kept with the run, before it begins."""

from __future__ import annotations

from dataclasses import dataclass, field

from connector.console.connection import Connection
from connector.console.invoice_run import InvoiceRunOfCall
from connector.runner.durable.facts import DurableRequest
from connector.runner.outcome import ContractOutcome
from connector.settings import Settings
from connector.state.reviews import Reviews

AT_A_TIME = 500


def keep_reviewed(
    connection: Connection,
    settings: Settings,
    request: DurableRequest,
    reviews: Reviews,
    run: str,
    digest: str,
) -> None:
    """Raises Refused when what would be created now is not what was reviewed; then nothing is kept."""
    kept = _Kept(reviews, run)
    call = InvoiceRunOfCall(connection, settings, request.on, request.contracts, request.user)
    try:
        call.check_digest(digest, kept.add)
        kept.write()
    except BaseException:
        reviews.forget(run)
        raise


@dataclass
class _Kept:
    reviews: Reviews
    run: str
    _some: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def add(self, outcome: ContractOutcome) -> None:
        if outcome.pieces:
            self._some[outcome.contract] = outcome.pieces
        if len(self._some) == AT_A_TIME:
            self.write()

    def write(self) -> None:
        self.reviews.add(self.run, self._some)
        self._some.clear()
