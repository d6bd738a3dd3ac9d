"""The sections of `projops.toml` as values: every key known, every value of its type."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, IntEnum, StrEnum
from typing import Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec
from pydantic import SecretStr

from connector.errors import SettingsError
from connector.model.desired_job import NAME_MUST_CONTAIN, DesiredJob, is_invoice_job_name
from connector.model.invoicing_rules import InvoicingRules
from connector.model.process import INVOICE_WORKFLOWS
from connector.settings.variables import nearest

S = TypeVar("S", bound=msgspec.Struct)
EXPECTED = {
    int: "a whole number, zero or more",
    int | None: "a whole number, zero or more",
    bool: "true or false",
}


class CreateWith(StrEnum):
    ACTION = "action"
    RECORDS = "records"


class RunSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    create_with: CreateWith = CreateWith.ACTION
    """How drafts are made: by the platform's action, or (emulator only) record by record."""
    guard_min: int = 30
    """How close to the platform's own run, in minutes, a run that creates invoices is refused."""
    max_requests_per_minute: int = 0
    """How many requests are sent in a minute at most; 0: as many as the environment bears."""
    at_once: int = 4
    """Durable runs: how many chunks of contracts one worker goes through at the same time."""
    still_at_work_s: int = 300
    """Durable runs: how long after it was sent a call whose answer was lost may still be at work."""
    contracts_of_chunk: int = 500
    """Durable runs: how many contracts a worker takes at a time; a run is shared in such pieces."""
    lease_s: int = 60
    """Durable runs: how long a worker may be silent before it counts as dead."""
    patience_s: int = 60
    """Durable runs: how long a state that is away is waited for before that is said; serve lets as much
    time go by before it tries again what could not go on."""


def filled(kind: type[S], section: str, values: Mapping[str, Any], sources: Mapping[str, str]) -> S:
    """A section as its struct; `sources` maps "section.key" to who gave it. Raises SettingsError."""
    known = {one.name: one.type for one in msgspec.structs.fields(kind)}
    found: dict[str, Any] = {}
    for key, value in values.items():
        place = place_of(f"{section}.{key}", sources)
        if key not in known:
            raise SettingsError(f"{place} is not a setting{nearest(key, known)}")
        found[key] = _converted(value, known[key], place)
    return kind(**found)


def place_of(name: str, sources: Mapping[str, str]) -> str:
    section, _, key = name.partition(".")
    shown = f"[{section}] {key}" if key else section
    return f"{shown} (from {sources.get(name, 'the defaults')})"


def check_job(job: DesiredJob, rules: InvoicingRules, sources: Mapping[str, str]) -> None:
    """What the types alone do not tell. Raises SettingsError."""
    if job.start_with not in INVOICE_WORKFLOWS:
        expected = " or ".join(INVOICE_WORKFLOWS)
        raise SettingsError(
            f"{place_of('job.start_with', sources)} = {job.start_with!r}: expected {expected}."
        )
    if not is_invoice_job_name(job.name, is_case_sensitive=rules.is_job_name_case_sensitive):
        raise SettingsError(
            f"{place_of('job.name', sources)} = {job.name!r}: the platform takes a batch job for the invoice "
            f'job only if its name contains "{NAME_MUST_CONTAIN}".'
        )


def check_rules(rules: InvoicingRules, sources: Mapping[str, str]) -> None:
    """Raises SettingsError for a time zone that is none."""
    if rules.time_zone is None:
        return
    try:
        ZoneInfo(rules.time_zone)
    except (KeyError, ValueError, OSError):
        raise SettingsError(
            f"{place_of('rules.time_zone', sources)} = {rules.time_zone!r}: "
            "expected an IANA zone such as Europe/Berlin."
        ) from None


def check_notify_url(url: SecretStr | None, sources: Mapping[str, str]) -> None:
    """Raises SettingsError for an address that is none of https; it never shows the address."""
    if url is None:
        return
    try:
        parts = urlsplit(url.get_secret_value())
        is_sound = parts.scheme == "https" and bool(parts.hostname)
    except ValueError:
        is_sound = False
    if not is_sound:
        raise SettingsError(
            f"{place_of('notify_url', sources)}: expected an address that begins with https://.",
            "Mend PROJOPS_NOTIFY_URL, or leave it out.",
        )


def _converted(value: Any, kind: Any, place: str) -> Any:
    """The value as its type; the environment's texts are parsed, members of enumerations go by name."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _member(value, kind, place)
    try:
        converted = msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError:
        raise SettingsError(f"{place} = {value!r}: expected {EXPECTED.get(kind, 'a text')}.") from None
    if kind in {int, int | None} and converted is not None and converted < 0:
        raise SettingsError(f"{place} = {value!r}: expected {EXPECTED[int]}.")
    return converted


def _member(value: Any, kind: type[Enum], place: str) -> Enum:
    by_name = {name.lower(): member for name, member in kind.__members__.items()}
    by_value = {str(member.value): member for member in kind}
    member = by_name.get(str(value).lower(), by_value.get(str(value)))
    if member is None:
        words = by_name if issubclass(kind, IntEnum) else by_value
        raise SettingsError(f"{place} = {value!r}: expected one of {', '.join(words)}.")
    return member
