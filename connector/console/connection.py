"""From settings to a signed-in client and the tables as the environment has them."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from msgspec.structs import replace
from tzlocal import get_localzone

from connector.console.embedded import open_embedded
from connector.console.expected_environment import check_expected
from connector.console.output import Envelope
from connector.console.sign_in import chosen_source
from connector.console.voice import Voice
from connector.dataverse import (
    ClientSecret,
    DataverseClient,
    MetadataCache,
    RetryPolicy,
    TableDefinition,
    TokenSource,
    TrustedAuthorities,
)
from connector.errors import SettingsError
from connector.job.look import Environment
from connector.model.contract_customer import CONTRACT_LINE_CUSTOMER_ROLE
from connector.model.invoicing_rules import InvoicingRules
from connector.model.tables import DECLARED, Tables
from connector.settings import Settings

EMBEDDED = "emulator:"
USUAL_RETRY = RetryPolicy()
# What the emulator calls the table that no public document names.
EMULATED_NAMES = {CONTRACT_LINE_CUSTOMER_ROLE: "emu_contractlinecustomer"}
# Failed, in the choice that the emulator invents for the not-to-exceed status.
EMULATED_NOT_TO_EXCEED_FAILED = 192350001
# Progress based, in the choice that it invents for the invoice schedule type.
EMULATED_PROGRESS_BASED = 192350001


@dataclass(frozen=True)
class Connection:
    """A signed-in client, the tables as they are, and what the environment is."""

    client: DataverseClient
    tables: Tables
    definitions: Mapping[str, TableDefinition]
    names: Mapping[str, str]
    is_emulator: bool

    @property
    def now(self) -> datetime:
        return self.client.now

    def environment(self, rules: InvoicingRules) -> Environment:
        """Where the job lives, for the rooms that look at it and start it."""
        return Environment(
            self.client,
            self.tables,
            rules,
            sleep=_no_wait if self.is_emulator else time.sleep,
            zone=zone_of_this_machine(),
        )

    def rules_here(self, rules: InvoicingRules) -> InvoicingRules:
        """The rules of the settings, completed by what is known of this environment."""
        if not self.is_emulator:
            return rules
        if rules.not_to_exceed_failed is None:
            rules = replace(rules, not_to_exceed_failed=EMULATED_NOT_TO_EXCEED_FAILED)
        if rules.progress_schedule_type is None:
            rules = replace(rules, progress_schedule_type=EMULATED_PROGRESS_BASED)
        return rules

    def envelope(self, schema: str) -> Envelope:
        return Envelope(schema, self.client.url, self.now)


def _no_wait(_seconds: float) -> None:
    """An emulator's jobs have run when a request returns: waiting shows nothing new."""


def zone_of_this_machine() -> tzinfo:
    """The zone of whoever reads the sentences."""
    try:
        zone = get_localzone()
    except (LookupError, OSError, ValueError):
        return UTC
    return UTC if zone.key in {"Etc/UTC", "UTC"} else zone


@dataclass(frozen=True)
class Target:
    """Where to go, with whose tokens, and why those."""

    url: str
    tokens: TokenSource
    ca_file: Path | None
    is_emulator: bool
    reason: str

    def __repr__(self) -> str:
        return f"Target({self.url!r})"

    def client(
        self,
        retry: RetryPolicy = USUAL_RETRY,
        cache: MetadataCache | None = None,
        most_per_minute: int | None = None,
    ) -> DataverseClient:
        return DataverseClient(
            self.url,
            self.tokens,
            ca_file=self.ca_file,
            retry=retry,
            cache=cache,
            most_per_minute=most_per_minute,
        )

    def cache(self, folder: Path) -> MetadataCache | None:
        """None for an emulator: it is near, and comes and goes."""
        return None if self.is_emulator else MetadataCache(folder)


@contextmanager
def connected(settings: Settings, voice: Voice, retry: RetryPolicy = USUAL_RETRY) -> Iterator[Connection]:
    """Sign in and resolve the tables; the embedded emulator is started or attached to when it is meant.

    Raises SettingsError, StateFileError, DataverseError; Refused for another environment than the expected.
    """
    with (
        targeted(settings, voice) as target,
        target.client(
            retry, target.cache(settings.cache_dir), settings.run.max_requests_per_minute or None
        ) as client,
    ):
        names = {**EMULATED_NAMES, **settings.names} if target.is_emulator else dict(settings.names)
        definitions = client.table_definitions(DECLARED.logical_names(names))
        tables = DECLARED.resolved(definitions, names)
        if settings.expect_environment:
            check_expected(client, tables, settings.expect_environment)
        yield Connection(client, tables, definitions, names, target.is_emulator)


@contextmanager
def targeted(settings: Settings, voice: Voice) -> Iterator[Target]:
    """The environment that is meant, without a word to it yet. Raises SettingsError, StateFileError."""
    with ExitStack() as stack:
        url = settings.require_url()
        if url.lower().startswith(EMBEDDED):
            yield _embedded(url[len(EMBEDDED) :], stack, voice)
        else:
            yield _remote(url, settings, voice)


def _embedded(name: str, stack: ExitStack, voice: Voice) -> Target:
    if not name:
        raise SettingsError(
            "DATAVERSE_URL=emulator: names no file.",
            "Say which, for example DATAVERSE_URL=emulator:sandbox.db.",
        )
    path = Path(name)
    emulator = stack.enter_context(open_embedded(path))
    if emulator.is_new:
        voice.say(f"{path} did not exist: it was made with the sample data.")
    host = _origin_of(emulator.authority)
    tokens = ClientSecret(
        emulator.tenant_id,
        emulator.client_id,
        emulator.client_secret,
        authority_host=host,
        trusted=TrustedAuthorities(extra=(host,), is_emulator=True),
    )
    reason = "client-secret, because the embedded emulator gives its own application"
    return Target(emulator.url, tokens, emulator.ca_file, is_emulator=True, reason=reason)


def _remote(url: str, settings: Settings, voice: Voice) -> Target:
    host = settings.authority_host
    if settings.ca_file is not None:
        _check_certificates(settings.ca_file)
    is_emulator = bool(host) and _is_loopback(host) and _is_loopback(url)
    tokens, choice = chosen_source(
        settings, voice, _origin_of(host) if host else None, is_emulator=is_emulator
    )
    return Target(url, tokens, settings.ca_file, is_emulator=is_emulator, reason=choice.reason)


def _check_certificates(path: Path) -> None:
    """Raises SettingsError for what is no file of certificates: a failed connection would not name it."""
    try:
        ssl.create_default_context(cafile=path)
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"PROJOPS_CA_FILE={path} is no file of certificates in PEM: {getattr(error, 'strerror', error)}.",
            "Name the file of the certificate authorities, or leave the setting out.",
        ) from None


def _is_loopback(address: str) -> bool:
    host = urlsplit(address if "://" in address else f"https://{address}").hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _origin_of(address: str) -> str:
    """`https://host:port/tenant` is `https://host:port`; anything else is taken as it is."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else address
