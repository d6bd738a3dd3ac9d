"""Tables and columns as the environment has them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import responses

from connector.dataverse import (
    Choice,
    ColumnDefinition,
    DataverseClient,
    Expand,
    MetadataCache,
    Query,
    Relationship,
    RelationshipKind,
    RetryPolicy,
    any_where,
    column,
)
from connector.dataverse.metadata.cache import CachedTables, SchemaVersion
from connector.errors import NotFound, UsageError
from tests.dataverse.conftest import FixedTokens, Table

MANY_TO_ONE, ONE_TO_MANY, MANY_TO_MANY = RelationshipKind


def test_tables_and_columns_come_in_one_request(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """One question for all tables; what is not there is missing; labels may be missing too."""
    label = {"LocalizedLabels": [], "UserLocalizedLabel": {"Label": "Vertrag", "LanguageCode": 1031}}
    row = {
        "LogicalName": "salesorder",
        "EntitySetName": "salesorders",
        "PrimaryIdAttribute": "salesorderid",
        "PrimaryNameAttribute": "name",
        "IsOptimisticConcurrencyEnabled": True,
        "DisplayName": label,
        "MetadataId": "1",
        "Attributes": [
            {
                "LogicalName": "name",
                "SchemaName": "Name",
                "AttributeType": "String",
                "DisplayName": {"UserLocalizedLabel": None, "LocalizedLabels": []},
                "MetadataId": "2",
            }
        ],
    }
    service.get(f"{root}/EntityDefinitions", json={"value": [row]})
    tables = client.table_definitions(["salesorder", "msdyn_nothing"])
    assert list(tables) == ["salesorder"]
    table = tables["salesorder"]
    assert (table.entity_set, table.primary_id, table.primary_name) == ("salesorders", "salesorderid", "name")
    assert (table.display_name, table.is_optimistic_concurrency_enabled) == ("Vertrag", True)
    assert table.columns == {"name": ColumnDefinition("name", "Name", "", "String")}
    assert unquote(str(service.calls[0].request.url)).partition("?")[2] == (
        "$select=LogicalName,EntitySetName,PrimaryIdAttribute,PrimaryNameAttribute,DisplayName,"
        "IsOptimisticConcurrencyEnabled"
        "&$filter=LogicalName eq 'salesorder' or LogicalName eq 'msdyn_nothing'"
        "&$expand=Attributes($select=LogicalName,SchemaName,DisplayName,AttributeType)"
    )


def test_no_names_need_no_request(client: DataverseClient) -> None:
    """Nothing asked, nothing answered."""
    assert client.table_definitions([]) == {}


def attribute(name: str, kind: str, **more: Any) -> dict[str, Any]:
    return {
        "LogicalName": name,
        "SchemaName": name.title(),
        "AttributeType": "Virtual" if kind == "MultiSelectPicklist" else kind,
        "AttributeTypeName": {"Value": f"{kind}Type"},
        "RequiredLevel": {"Value": "None"},
        **more,
    }


def label(text: str) -> dict[str, Any]:
    return {"LocalizedLabels": [], "UserLocalizedLabel": {"Label": text, "LanguageCode": 1033}}


ACCOUNT = {
    "LogicalName": "account",
    "EntitySetName": "accounts",
    "PrimaryIdAttribute": "accountid",
    "PrimaryNameAttribute": "name",
    "IsOptimisticConcurrencyEnabled": True,
    "Attributes": [
        attribute("accountid", "Uniqueidentifier", IsValidForCreate=True, IsValidForUpdate=False),
        attribute("name", "String", RequiredLevel={"Value": "ApplicationRequired"}, IsValidForRead=True),
        attribute("revenue", "Money"),
        attribute("statecode", "State"),
        attribute("statuscode", "Status"),
        attribute("donotemail", "Boolean"),
        attribute("colours", "MultiSelectPicklist"),
        attribute("ownerid", "Owner"),
        attribute("primarycontactid", "Lookup"),
    ],
    "Keys": [{"LogicalName": "accountnumberkey", "KeyAttributes": ["accountnumber", "region"]}],
    "ManyToOneRelationships": [
        {
            "SchemaName": "account_primary_contact",
            "ReferencingEntity": "account",
            "ReferencingAttribute": "primarycontactid",
            "ReferencedEntity": "contact",
            "ReferencingEntityNavigationPropertyName": "primarycontactid",
            "ReferencedEntityNavigationPropertyName": "account_primary_contact",
        }
    ],
    "OneToManyRelationships": [
        {
            "SchemaName": "contact_customer_accounts",
            "ReferencingEntity": "contact",
            "ReferencingAttribute": "parentcustomerid",
            "ReferencedEntity": "account",
            "ReferencedEntityNavigationPropertyName": "contact_customer_accounts",
        }
    ],
    "ManyToManyRelationships": [
        {
            "SchemaName": "accountleads_association",
            "Entity1LogicalName": "lead",
            "Entity2LogicalName": "account",
            "Entity1NavigationPropertyName": "leads_of",
            "Entity2NavigationPropertyName": "accountleads_association",
        }
    ],
}
OPTIONS = {
    "Options": [{"Value": 1, "Label": label("Active"), "State": 0}, {"Value": 2, "Label": label("Off")}]
}
DETAILS: dict[str, dict[str, Any]] = {
    "String": {"LogicalName": "name", "MaxLength": 160},
    "Money": {"LogicalName": "revenue", "Precision": 2, "MinValue": 0.0, "MaxValue": 100000000000.5},
    "State": {"LogicalName": "statecode", "OptionSet": {"Options": []}},
    "Status": {"LogicalName": "statuscode", "OptionSet": OPTIONS},
    "Boolean": {
        "LogicalName": "donotemail",
        "OptionSet": {
            "TrueOption": {"Value": 1, "Label": label("Do not")},
            "FalseOption": {"Value": 0, "Label": label("Allow")},
        },
    },
    "MultiSelectPicklist": {"LogicalName": "colours", "OptionSet": None, "GlobalOptionSet": OPTIONS},
    "Lookup": {"LogicalName": "ownerid", "Targets": ["systemuser", "team"]},
}


@pytest.fixture
def described(service: responses.RequestsMock, root: str) -> None:
    """The answers to a question about one table in full."""
    path = f"{root}/EntityDefinitions(LogicalName='account')"
    service.get(path, json=ACCOUNT)
    for kind, detail in DETAILS.items():
        url = f"{path}/Attributes/Microsoft.Dynamics.CRM.{kind}AttributeMetadata"
        service.get(url, json={"value": [detail]})


@pytest.mark.usefixtures("described")
def test_a_table_in_full_has_sizes_choices_relationships_and_keys(
    service: responses.RequestsMock, client: DataverseClient
) -> None:
    """One request, and one for each type of column that has more to tell."""
    table = client.table_description("account")
    assert len(service.calls) == 1 + len(DETAILS)
    name, revenue = table.columns["name"], table.columns["revenue"]
    assert (name.max_length, name.required, name.is_valid_for_read) == (160, "ApplicationRequired", True)
    assert (revenue.precision, revenue.min_value, revenue.max_value) == (
        2,
        Decimal(0),
        Decimal("100000000000.5"),
    )
    assert (
        table.columns["accountid"].is_valid_for_create,
        table.columns["accountid"].is_valid_for_update,
    ) == (
        True,
        False,
    )
    assert table.columns["statuscode"].choices == (Choice(1, "Active", 0), Choice(2, "Off"))
    assert table.columns["statuscode"].label_of(2) == "Off"
    assert table.columns["statuscode"].label_of(3) is None
    assert table.columns["donotemail"].choices == (Choice(1, "Do not"), Choice(0, "Allow"))
    assert [choice.label for choice in table.columns["colours"].choices] == ["Active", "Off"]
    assert table.columns["ownerid"].targets == ("systemuser", "team")
    assert table.columns["ownerid"].property_name == "_ownerid_value"
    assert table.keys == {"accountnumberkey": ("accountnumber", "region")}
    assert table.relationships == (
        Relationship(
            "account_primary_contact", MANY_TO_ONE, "primarycontactid", "contact", "primarycontactid"
        ),
        Relationship(
            "contact_customer_accounts",
            ONE_TO_MANY,
            "contact_customer_accounts",
            "contact",
            "parentcustomerid",
        ),
        Relationship("accountleads_association", MANY_TO_MANY, "accountleads_association", "lead", ""),
    )


@pytest.mark.usefixtures("described")
def test_navigation_names_are_checked_once_they_are_known(client: DataverseClient, accounts: Table) -> None:
    """An expand or a collection that the table does not have is refused with the nearest."""
    client.table_description("account")
    with pytest.raises(UsageError, match="Did you mean primarycontactid"):
        client.list(accounts, Query(top=1, expand=(Expand("primarycontact"),)))
    with pytest.raises(UsageError, match="Did you mean contact_customer_accounts"):
        client.list(accounts, Query(filter=any_where("contact_customer_account")))
    with pytest.raises(UsageError, match="'parent'"):
        client.list(accounts, Query(filter=column("parent/name") == "x"))


def test_a_table_that_is_not_there_is_not_found(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """Unlike table_definitions, which is asked about many and leaves it out."""
    service.get(f"{root}/EntityDefinitions(LogicalName='nothing')", status=404)
    with pytest.raises(NotFound):
        client.table_description("nothing")


VERSION = "@Microsoft.Dynamics.CRM.globalmetadataversion"


@pytest.fixture
def metadata(service: responses.RequestsMock, root: str) -> Callable[[str], None]:
    """An environment with one table, whose schema has the given version."""
    service.assert_all_requests_are_fired = False
    me = {"UserId": "u", "BusinessUnitId": "b", "OrganizationId": "o"}
    service.get(f"{root}/WhoAmI()", json=me)
    row = {"LogicalName": "account", "EntitySetName": "accounts", "Attributes": [attribute("name", "String")]}
    service.get(f"{root}/EntityDefinitions", json={"value": [row]})

    def has_version(version: str) -> None:
        body = {VERSION: version, "value": []} if version else {"value": []}
        service.upsert("GET", f"{root}/organizations", json=body)

    return has_version


def asked(service: responses.RequestsMock) -> list[str]:
    paths = [urlsplit(str(call.request.url)).path.rpartition("/")[2] for call in service.calls]
    service.calls.reset()
    return paths


@pytest.fixture
def start(
    tmp_path: Path, policy: RetryPolicy, tokens: FixedTokens
) -> Iterator[Callable[[], DataverseClient]]:
    """Each call is a new start of a command with the same cache folder."""
    with ExitStack() as stack:

        def opened() -> DataverseClient:
            cache = MetadataCache(tmp_path / "cache")
            client = DataverseClient("https://contoso.crm4.dynamics.com", tokens, retry=policy, cache=cache)
            return stack.enter_context(client)

        yield opened


Start = Callable[[], DataverseClient]


def test_tables_are_kept_for_as_long_as_the_schema_is_the_same(
    service: responses.RequestsMock, metadata: Callable[[str], None], start: Start
) -> None:
    """A second start asks for the version and for itself alone; a changed schema is read anew."""
    metadata("1")
    first = start().table_definitions(["account", "nothing"])
    assert asked(service) == ["organizations", "WhoAmI()", "EntityDefinitions"]
    assert start().table_definitions(["account", "nothing"]) == first
    assert asked(service) == ["organizations", "WhoAmI()"]
    metadata("2")
    assert start().table_definitions(["account", "nothing"]) == first
    assert asked(service) == ["organizations", "WhoAmI()", "EntityDefinitions"]


def test_only_what_is_missing_is_asked_for(
    service: responses.RequestsMock, metadata: Callable[[str], None], start: Start
) -> None:
    """A table that was not asked for before is read and kept beside the others."""
    metadata("1")
    start().table_definitions(["account"])
    start().table_definitions(["account", "contact"])
    question = unquote(str(service.calls[-1].request.url))
    assert "LogicalName eq 'contact'" in question
    assert "'account'" not in question
    service.calls.reset()
    start().table_definitions(["contact", "account"])
    assert asked(service) == ["organizations", "WhoAmI()"]


def test_without_a_version_nothing_is_kept(
    service: responses.RequestsMock, metadata: Callable[[str], None], start: Start, tmp_path: Path
) -> None:
    """A cache that cannot know when it is old would lie one day."""
    metadata("")
    for _ in range(2):
        assert list(start().table_definitions(["account"])) == ["account"]
        assert asked(service) == ["organizations", "EntityDefinitions"]
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"format": 99}', b"[]", b'{"format":1}'])
def test_a_broken_file_is_as_good_as_none(
    service: responses.RequestsMock,
    metadata: Callable[[str], None],
    start: Start,
    tmp_path: Path,
    content: bytes,
) -> None:
    """It is written anew, and nobody is bothered."""
    metadata("1")
    first = start().table_definitions(["account"])
    (file,) = (tmp_path / "cache").iterdir()
    whole = file.read_bytes()
    file.write_bytes(content)
    assert start().table_definitions(["account"]) == first
    assert file.read_bytes() == whole


def test_a_file_of_another_format_is_not_read(tmp_path: Path) -> None:
    """A later release may keep other things under the same name."""
    cache, schema = MetadataCache(tmp_path), SchemaVersion("https://x", "o", "u", "1")
    cache.store(schema, CachedTables({"account": None}, {}))
    assert cache.load(schema).tables == {"account": None}
    file = cache.path_of(schema)
    file.write_bytes(file.read_bytes().replace(b'"format":1', b'"format":2'))
    assert cache.load(schema).tables == {}


@pytest.mark.parametrize("part", ["origin", "organization_id", "user_id", "version"])
def test_a_file_speaks_for_one_schema_only(tmp_path: Path, part: str) -> None:
    """Another environment, organization, user or version finds nothing, also under the same file name."""
    cache, schema = MetadataCache(tmp_path), SchemaVersion("https://x", "o", "u", "1")
    cache.store(schema, CachedTables({"account": None}, {}))
    other = replace(schema, **{part: "https://y"})
    assert cache.load(other).tables == {}
    if cache.path_of(other) != cache.path_of(schema):
        cache.path_of(other).write_bytes(cache.path_of(schema).read_bytes())
        assert cache.load(other).tables == {}


def test_a_folder_that_cannot_be_made_keeps_nothing(
    metadata: Callable[[str], None], tmp_path: Path, policy: RetryPolicy, tokens: FixedTokens
) -> None:
    """A full disk or a file in the way costs time and no answer."""
    metadata("1")
    (tmp_path / "file").write_text("in the way")
    cache = MetadataCache(tmp_path / "file" / "cache")
    with DataverseClient("https://contoso.crm4.dynamics.com", tokens, retry=policy, cache=cache) as client:
        assert list(client.table_definitions(["account"])) == ["account"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_a_file_is_readable_by_its_owner_alone(
    metadata: Callable[[str], None], start: Start, tmp_path: Path
) -> None:
    """What columns a customer has is not for everybody on a shared machine."""
    metadata("1")
    start().table_definitions(["account"])
    (file,) = (tmp_path / "cache").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700


def test_many_writers_at_once_leave_a_whole_file(tmp_path: Path) -> None:
    """Each of them replaces it; nobody reads half of one, and nothing is left beside it."""
    cache, schema = MetadataCache(tmp_path), SchemaVersion("https://x", "o", "u", "1")
    tables = [CachedTables({f"table{n}": None for n in range(number * 50)}, {}) for number in range(1, 9)]
    with ThreadPoolExecutor(8) as pool:
        loads = [pool.submit(cache.load, schema) for _ in range(20)]
        stores = [pool.submit(cache.store, schema, each) for each in tables]
        loads += [pool.submit(cache.load, schema) for _ in range(20)]
        seen = {len(each.result().tables) for each in loads}
        for each in stores:
            each.result()
    assert seen <= {number * 50 for number in range(9)}
    assert len(cache.load(schema).tables) in {number * 50 for number in range(1, 9)}
    assert [path.name for path in tmp_path.iterdir()] == [cache.path_of(schema).name]


def test_a_description_is_kept_too(
    service: responses.RequestsMock, metadata: Callable[[str], None], start: Start, root: str, described: None
) -> None:
    """It costs the most requests."""
    metadata("1")
    first = start().table_description("account")
    service.calls.reset()
    assert start().table_description("account") == first
    assert asked(service) == ["organizations", "WhoAmI()"]
