"""systemuser and usersettings: who runs the job, and in which time zone."""

from __future__ import annotations

from enum import IntEnum

from msgspec import field

from connector.model.table import Record, Table


class AccessMode(IntEnum):
    READ_WRITE = 0
    ADMINISTRATIVE = 1
    READ = 2
    SUPPORT_USER = 3
    NON_INTERACTIVE = 4
    DELEGATED_ADMIN = 5


class User(Record, frozen=True, kw_only=True, gc=False):
    id: str = field(name="systemuserid")
    full_name: str | None = field(name="fullname", default=None)
    domain_name: str | None = field(name="domainname", default=None)
    is_disabled: bool | None = field(name="isdisabled", default=None)
    is_licensed: bool | None = field(name="islicensed", default=None)
    application_id: str | None = field(name="applicationid", default=None)
    access_mode: int | None = field(name="accessmode", default=None)


class UserSettings(Record, frozen=True, kw_only=True, gc=False):
    user: str = field(name="systemuserid")
    time_zone_code: int | None = field(name="timezonecode", default=None)


USER = Table(User, logical_name="systemuser", entity_set="systemusers", key="systemuserid")
USER_SETTINGS = Table(
    UserSettings,
    logical_name="usersettings",
    entity_set="usersettingscollection",
    key="systemuserid",
)
