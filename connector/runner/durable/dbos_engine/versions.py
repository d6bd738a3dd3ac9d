"""Runs that were begun by another version of the engine are noticed and named, not left waiting."""

from __future__ import annotations

from sqlalchemy import inspect
from sqlalchemy.exc import SQLAlchemyError

from connector.errors import StateUnusable
from connector.runner.durable.dbos_engine import names
from connector.runner.durable.dbos_engine.steering import steering
from connector.state.address import StateAddress
from connector.state.database import engine_for, unusable


def check_versions(address: StateAddress, environment: str) -> None:
    """Raises StateUnusable for runs that this version of the engine would never take up. The engine's
    tables are there (`has_engine`)."""
    with steering(address, environment) as steer:
        others = [part for part in steer.unended() if part.version != names.version_of(steer.name)]
    if others:
        runs = sorted({part.run for part in others})
        versions = ", ".join(sorted({part.version.rpartition("/")[2] for part in others}))
        raise StateUnusable(
            f"{', '.join(runs)}: begun by a projops with version {versions} of the engine, and this one has "
            f"{names.VERSION}: it cannot go on with it.",
            "Let the projops that began it end it, or cancel it with projops runs cancel.",
        )


def has_engine(address: StateAddress) -> bool:
    """Whether the engine's own tables are there: the first worker makes them."""
    if address.path is not None and not address.path.exists():
        return False
    engine = engine_for(address)
    try:
        schema = None if address.path is not None else "dbos"
        return bool(inspect(engine).has_table("workflow_status", schema=schema))
    except SQLAlchemyError as error:
        raise unusable(address, error) from None
    finally:
        engine.dispose()
