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
from connector.console.output import Envelope
from connector.console.voice import Voice
from connector.dataverse import ClientSecret, DataverseClient, TableDefinition, TrustedAuthorities
from connector.errors import SettingsError
from connector.job.look import Environment
from connector.model.contract_customer import CONTRACT_LINE_CUSTOMER_ROLE
from connector.model.invoicing_rules import InvoicingRules
from connector.model.tables import DECLARED, Tables
from connector.settings import Settings

EMBEDDED = "emulator:"
# What the emulator calls the table that no public document names.
EMULATED_NAMES = {CONTRACT_LINE_CUSTOMER_ROLE: "emu_contractlinecustomer"}
# Failed, in the choice that the emulator invents for the not-to-exceed status.
EMULATED_NOT_TO_EXCEED_FAILED = 192350001


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
            zone=_zone_of_this_machine(),
        )

    def rules_here(self, rules: InvoicingRules) -> InvoicingRules:
        """The rules of the settings, completed by what is known of this environment."""
        if self.is_emulator and rules.not_to_exceed_failed is None:
            return replace(rules, not_to_exceed_failed=EMULATED_NOT_TO_EXCEED_FAILED)
        return rules

    def envelope(self, schema: str) -> Envelope:
        return Envelope(schema, self.client.url, self.now)


def _no_wait(_seconds: float) -> None:
    """An emulator's jobs have run when a request returns: waiting shows nothing new."""


def _zone_of_this_machine() -> tzinfo:
    """The zone of whoever reads the sentences."""
    try:
        zone = get_localzone()
    except (LookupError, OSError, ValueError):
        return UTC
    return UTC if zone.key in {"Etc/UTC", "UTC"} else zone


@dataclass(frozen=True)
class Target:
    """Where to go and as whom."""

    url: str
    tenant_id: str
    client_id: str
    secret: str
    authority_host: str
    ca_file: Path | None
    is_emulator: bool

    def __repr__(self) -> str:
        return f"Target({self.url!r})"


@contextmanager
def connected(settings: Settings, voice: Voice) -> Iterator[Connection]:
    """Sign in and resolve the tables; the embedded emulator is started or attached to when it is meant.

    Raises SettingsError, StateFileError, DataverseError.
    """
    with ExitStack() as stack:
        url = settings.require_url()
        if url.lower().startswith(EMBEDDED):
            target = _embedded(url[len(EMBEDDED) :], stack, voice)
        else:
            target = _remote(url, settings)
        client = stack.enter_context(_client(target))
        names = {**EMULATED_NAMES, **settings.names} if target.is_emulator else dict(settings.names)
        definitions = client.table_definitions(DECLARED.logical_names(names))
        tables = DECLARED.resolved(definitions, names)
        yield Connection(client, tables, definitions, names, target.is_emulator)


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
    return Target(
        url=emulator.url,
        tenant_id=emulator.tenant_id,
        client_id=emulator.client_id,
        secret=emulator.client_secret,
        authority_host=emulator.authority,
        ca_file=emulator.ca_file,
        is_emulator=True,
    )


def _remote(url: str, settings: Settings) -> Target:
    secret = settings.client_secret
    missing = [
        variable
        for variable, value in (("AZURE_CLIENT_ID", settings.client_id), ("AZURE_CLIENT_SECRET", secret))
        if not value
    ]
    if missing or secret is None:
        raise SettingsError(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set: {url} wants a sign-in.",
            "Set the application's id and its client secret in the environment or in .env; it has to be an "
            "application user of the environment.",
        )
    host = settings.authority_host
    if settings.ca_file is not None:
        _check_certificates(settings.ca_file)
    return Target(
        url=url,
        tenant_id=settings.tenant_id,
        client_id=settings.client_id,
        secret=secret.get_secret_value(),
        authority_host=host,
        ca_file=settings.ca_file,
        is_emulator=bool(host) and _is_loopback(host) and _is_loopback(url),
    )


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


def _client(target: Target) -> DataverseClient:
    host = _origin_of(target.authority_host) if target.authority_host else None
    tokens = ClientSecret(
        target.tenant_id or None,
        target.client_id,
        target.secret,
        authority_host=host,
        trusted=TrustedAuthorities(extra=(host,) if host else (), is_emulator=target.is_emulator),
    )
    return DataverseClient(target.url, tokens, ca_file=target.ca_file)


def _origin_of(address: str) -> str:
    """`https://host:port/tenant` is `https://host:port`; anything else is taken as it is."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else address
