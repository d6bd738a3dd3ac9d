"""The statements that make a Dataverse table in SQLite, from its definition.

They are plain text: SQLAlchemy takes longer to describe and to compile forty wide tables than SQLite to
make them. Names are those of the schema, which is checked.
"""

from __future__ import annotations

from connector.emulator.schema import Kind, Table
from connector.emulator.store.text import DECIMAL_COLLATION, TEXT_COLLATION

VERSION = "versionnumber"
OF_THE_STATE = (
    "CREATE TABLE IF NOT EXISTS emu_meta (name TEXT NOT NULL, value TEXT, PRIMARY KEY (name))",
    # What was deleted, of which table and when: for clients that track changes.
    "CREATE TABLE IF NOT EXISTS emu_deleted "
    "(name TEXT NOT NULL, id TEXT NOT NULL, version BIGINT, PRIMARY KEY (name, id))",
)
_TARGET_SUFFIX = "__table"
_TYPES: dict[Kind, str] = {
    Kind.TEXT: f'TEXT COLLATE "{TEXT_COLLATION}"',
    Kind.DECIMAL: f'TEXT COLLATE "{DECIMAL_COLLATION}"',
    Kind.INTEGER: "BIGINT",
    Kind.CHOICE: "BIGINT",
    Kind.BOOLEAN: "BIGINT",
    Kind.MANAGED: "BIGINT",
    Kind.MONEY: "BIGINT",
    Kind.DOUBLE: "FLOAT",
}
_UNINDEXED = frozenset(
    {
        "createdby",
        "createdonbehalfby",
        "modifiedby",
        "modifiedonbehalfby",
        "organizationid",
        "ownerid",
        "owningbusinessunit",
        "owningteam",
        "owninguser",
        "transactioncurrencyid",
    }
)

_SEARCHED: dict[str, tuple[str, ...]] = {
    # The ids of what is tied together, kept as texts.
    "msdyn_transactionconnection": ("msdyn_transaction1", "msdyn_transaction2"),
    # Each invoice asks for the few customers that are deactivated.
    "account": ("statecode",),
}
"""What is looked for besides lookups, and would be searched for in every row of a table that grows."""


def target_column(column: str) -> str:
    """The name under which the target table of a polymorphic lookup is kept and handed out."""
    return column + _TARGET_SUFFIX


def columns_of(definition: Table) -> dict[str, str]:
    """All columns that are kept for a table, in order, with their SQL types."""
    found: dict[str, str] = {}
    for column in definition.columns:
        found[column.name] = _TYPES.get(column.kind, "TEXT")
        if column.is_polymorphic:
            found[target_column(column.name)] = "TEXT"
    found.setdefault(VERSION, "BIGINT")
    return found


def create_table(definition: Table) -> str:
    """Rows lie in the order of their ids, in which pages are read when no other order is asked for."""
    key = definition.primary_id
    columns = [f'"{name}" {kind}' for name, kind in columns_of(definition).items()]
    columns = [f"{one} NOT NULL" if one.startswith(f'"{key}" ') else one for one in columns]
    inside = ", ".join([*columns, f'PRIMARY KEY ("{key}")'])
    return f'CREATE TABLE IF NOT EXISTS "{definition.logical_name}" ({inside}) WITHOUT ROWID'


def add_column(definition: Table, name: str) -> str:
    return f'ALTER TABLE "{definition.logical_name}" ADD COLUMN "{name}" {columns_of(definition)[name]}'


def create_indexes(definition: Table) -> list[str]:
    """Of lookups that somebody may ask for, of other columns that are looked for, and of alternate keys.

    Most lookups of a row are empty: those are left out, so that a new row costs no more than what it has.
    """
    table = definition.logical_name
    found = [
        create_index(f"ix_{table}__{column.name}", table, (column.name,))
        + f' WHERE "{column.name}" IS NOT NULL'
        for column in definition.columns
        if column.kind is Kind.LOOKUP and column.name not in _UNINDEXED
    ]
    found += [create_index(f"ix_{table}__{name}", table, (name,)) for name in _SEARCHED.get(table, ())]
    return [*found, *(create_key_index(table, key.columns) for key in definition.alternate_keys)]


def create_key_index(table: str, columns: tuple[str, ...]) -> str:
    return create_index(f"ak_{table}__{'__'.join(columns)}", table, columns)


def create_index(name: str, table: str, columns: tuple[str, ...]) -> str:
    named = ", ".join(f'"{column}"' for column in columns)
    return f'CREATE INDEX IF NOT EXISTS "{name}" ON "{table}" ({named})'
