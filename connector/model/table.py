"""What a table file declares: a record type, its names, and the roles that live metadata must fill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Generic, Protocol, TypeVar, cast

import msgspec

from connector.errors import SettingsError

UNRESOLVED = "?"
"""A field whose encoded name begins with this is a role: no public document gives its column.

`?msdyn_x` proposes a name to look for, `?:x` proposes none.
"""


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One row. Fields carry plain words and are encoded under the logical names."""

    etag: str | None = msgspec.field(name="@odata.etag", default=None)


T = TypeVar("T", bound=Record)


class LiveColumn(Protocol):
    @property
    def label(self) -> str: ...
    @property
    def type(self) -> str: ...


class LiveTable(Protocol):
    @property
    def entity_set(self) -> str: ...
    @property
    def columns(self) -> Mapping[str, LiveColumn]: ...


@dataclass(frozen=True)
class Table(Generic[T]):
    """A table of the job: where it is, what a row decodes into, which columns are asked for.

    `labels` gives, for each role field, the display label that Microsoft's pages use for it: with it
    live metadata can name the column that no document names. `missing` lists the fields that the
    environment does not have, once the table was resolved.
    """

    record: type[T]
    logical_name: str
    entity_set: str
    key: str
    labels: Mapping[str, str] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        # msgspec looks into a struct at its first use, and two threads that do so at once can crash the
        # process (0.22): it is done where the table is made.
        msgspec.json.Decoder(self.record)

    @cached_property
    def _properties(self) -> Mapping[str, str]:
        """Field → JSON name. Kept: to find out the fields of a struct takes longer than to send a request."""
        return {item.name: item.encode_name for item in msgspec.structs.fields(self.record)}

    @cached_property
    def select(self) -> tuple[str, ...]:
        """The $select list: everything declared, less what is missing or unresolved."""
        return tuple(
            property_name
            for name, property_name in self._properties.items()
            if not property_name.startswith(("@", UNRESOLVED)) and name not in self.missing
        )

    @cached_property
    def unresolved(self) -> frozenset[str]:
        """The role fields that no column is known for."""
        return frozenset(
            name for name, property_name in self._properties.items() if property_name.startswith(UNRESOLVED)
        )

    def has(self, name: str) -> bool:
        """Whether rows of this table carry the field `name` in this environment."""
        return name not in self.missing and name not in self.unresolved

    def column_of(self, name: str) -> str:
        """The logical name of the column behind a field, without the clothes of a lookup."""
        return logical_name_of(self.property_of(name))

    def property_of(self, name: str) -> str:
        """The JSON name of a field, as $select and $filter write it. Raises KeyError."""
        return self._properties[name]

    def resolved(self, live: LiveTable, overrides: Mapping[str, str] | None = None) -> Table[T]:
        """This table as the environment has it.

        `overrides` maps a role ("msdyn_actual.transaction_date") to a logical name. Raises
        SettingsError when an override names a column that is not there.
        """
        names = {
            role: column
            for role in sorted(self.unresolved)
            if (column := self._find(role, live, overrides or {})) is not None
        }
        missing = frozenset(
            name
            for name, property_name in self._properties.items()
            if not property_name.startswith(("@", UNRESOLVED))
            and logical_name_of(property_name) not in live.columns
        )
        return replace(
            self,
            record=renamed(
                self.record,
                {role: _property(name, live) for role, name in names.items()},
            ),
            entity_set=live.entity_set,
            missing=missing,
        )

    def _find(self, role: str, live: LiveTable, overrides: Mapping[str, str]) -> str | None:
        full = f"{self.logical_name}.{role}"
        if given := overrides.get(full):
            if given not in live.columns:
                raise SettingsError(
                    f"[names] {full} = {given!r}: the table {self.logical_name} has no column of that name.",
                    "Correct the name in projops.toml, or take the line out.",
                )
            return given
        proposal = self.property_of(role).removeprefix(UNRESOLVED)
        if proposal and proposal in live.columns:
            return proposal
        label = self.labels.get(role, "").casefold()
        found = [name for name, column in live.columns.items() if label and column.label.casefold() == label]
        return found[0] if len(found) == 1 else None


def renamed(record: type[T], names: Mapping[str, str]) -> type[T]:
    """A subtype of `record` whose given fields are encoded under other names."""
    if not names:
        return record
    fields = [
        (
            item.name,
            item.type,
            msgspec.field(name=names[item.name], default=item.default),
        )
        for item in msgspec.structs.fields(record)
        if item.name in names
    ]
    subtype = msgspec.defstruct(record.__name__, fields, bases=(record,), frozen=True, kw_only=True, gc=False)
    return cast("type[T]", subtype)


def logical_name_of(property_name: str) -> str:
    """`_msdyn_contractlineid_value` -> `msdyn_contractlineid`; other names stay."""
    if property_name.startswith("_") and property_name.endswith("_value"):
        return property_name[1 : -len("_value")]
    return property_name


def _property(logical_name: str, live: LiveTable) -> str:
    is_lookup = live.columns[logical_name].type in {"Lookup", "Customer", "Owner"}
    return f"_{logical_name}_value" if is_lookup else logical_name
