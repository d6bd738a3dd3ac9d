"""solution: which solutions are installed, and in which version."""

from __future__ import annotations

from datetime import datetime

from msgspec import field

from connector.model.column_date import ColumnDate
from connector.model.table import Record, Table

PROJECT_OPERATIONS_SOLUTIONS = (
    "ProjectService",
    "msdyn_ProjectService",
    "ProjectServiceCore",
    "msdyn_ProjectServiceCore",
)
"""Both spellings of each: public documents use them side by side."""

DUAL_WRITE_SOLUTION = "Dynamics365ProjectOperationsDualWrite"
"""Installed where Project Operations is integrated with Finance."""


class Solution(Record, frozen=True, kw_only=True, gc=False):
    id: str = field(name="solutionid")
    unique_name: str | None = field(name="uniquename", default=None)
    friendly_name: str | None = field(name="friendlyname", default=None)
    version: str | None = field(name="version", default=None)
    is_managed: bool | None = field(name="ismanaged", default=None)
    installed_on: ColumnDate | None = field(name="installedon", default=None)
    modified_on: datetime | None = field(name="modifiedon", default=None)


SOLUTION = Table(Solution, logical_name="solution", entity_set="solutions", key="solutionid")
