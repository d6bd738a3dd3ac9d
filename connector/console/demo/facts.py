"""What the environment holds when the demo has ended: read, not remembered."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from connector.console.connection import Connection
from connector.dataverse import EVERYTHING
from connector.job.look import look
from connector.model.invoicing_rules import InvoicingRules
from connector.workflow import ACTUAL


@dataclass(frozen=True)
class Facts:
    """`billed` counts the actuals that stand on an invoice, `billed_twice` those on two.

    A milestone that two customers share stands on an invoice of each, so milestones are not counted.
    """

    records: int
    live_chains: int
    billed: int
    billed_twice: int


def read_facts(connection: Connection) -> Facts:
    sight = look(connection.environment(InvoicingRules()))
    connections = connection.client.list(connection.tables.transaction_connection, EVERYTHING)
    billed = Counter(one.transaction_2 for one in connections if one.type_2 == ACTUAL)
    return Facts(
        records=len(sight.snapshot.batch_jobs),
        live_chains=len(sight.diagnosis.live_chains),
        billed=len(billed),
        billed_twice=sum(count > 1 for count in billed.values()),
    )
