"""The tables of the state. They carry the program's name, since they share a database with the engine's."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

VERSION: Final = 1
"""Raised when an older program could no longer read the tables."""

metadata = sa.MetaData()

about = sa.Table("projops_about", metadata, sa.Column("version", sa.Integer, nullable=False))

run = sa.Table(
    "projops_run",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("environment", sa.Text, nullable=False),
    sa.Column("workflow", sa.Text, nullable=False),
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("frozen", sa.Text),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False, default=""),
    sa.Column("begun", sa.Double, nullable=False),
    sa.Column("ended", sa.Double),
    sa.Column("contracts", sa.Integer),
    sa.Column("chunks", sa.Integer),
)
"""`begun` and `ended` are seconds of the database's clock."""

chunk = sa.Table(
    "projops_chunk",
    metadata,
    sa.Column("run", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("worker", sa.Text, nullable=False, default=""),
    sa.Column("ended", sa.Double),
    sa.Column("contracts", sa.Text, nullable=False),
)
"""`contracts` is the JSON list of their ids: what a run goes through is fixed at its beginning. It is long,
and the last, so that SQLite finds the others without reading through it."""

batch = sa.Table(
    "projops_batch",
    metadata,
    sa.Column("run", sa.Text, primary_key=True),
    sa.Column("chunk", sa.Integer, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("figures", sa.Text, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
)

total = sa.Table(
    "projops_total",
    metadata,
    sa.Column("run", sa.Text, primary_key=True),
    sa.Column("figures", sa.Text, nullable=False),
)
"""What the batches of a run came to together, kept up to date by each that ends."""

effect = sa.Table(
    "projops_effect",
    metadata,
    sa.Column("run", sa.Text, primary_key=True),
    sa.Column("contract", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("intent", sa.Text, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
)
"""Writes under way: what is meant, noted before it is sent, and gone when it is known what came of it."""

contract = sa.Table(
    "projops_contract",
    metadata,
    sa.Column("run", sa.Text, primary_key=True),
    sa.Column("contract", sa.Text, primary_key=True),
    sa.Column("chunk", sa.Integer, nullable=False),
    sa.Column("batch", sa.Integer, nullable=False),
    sa.Column("is_failed", sa.Boolean, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Index("projops_contract_of_batch", "run", "chunk", "batch"),
)
"""Contracts of which something came; of a batch that is done all others had nothing to do."""

review = sa.Table(
    "projops_review",
    metadata,
    sa.Column("run", sa.Text, primary_key=True),
    sa.Column("contract", sa.Text, primary_key=True),
    sa.Column("pieces", sa.Text, nullable=False),
)
"""What was reviewed of a run that does that and nothing else: hashes, a JSON list for each contract."""

lease = sa.Table(
    "projops_lease",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("token", sa.Integer, nullable=False),
    sa.Column("until", sa.Double, nullable=False),
)
"""`token` grows with each new holder: whoever has an older one has lost it."""

OF_A_RUN: Final = (effect, contract, batch, total, chunk, review)
"""What goes when a run goes."""
