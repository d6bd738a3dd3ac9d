"""Microsoft's Python client (powerplatform-dataverse-client), signed in by azure-identity."""

from __future__ import annotations

import os
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

import scenario_runner
from azure.identity import ClientSecretCredential
from PowerPlatform.Dataverse.client import DataverseClient
from PowerPlatform.Dataverse.core.errors import HttpError, MetadataError
from PowerPlatform.Dataverse.models.filters import col, raw
from PowerPlatform.Dataverse.models.query_builder import ExpandOption
from PowerPlatform.Dataverse.models.upsert import UpsertItem
from scenario_runner import mark

FORMATTED = "OData.Community.Display.V1.FormattedValue"
LOOKUP_TABLE = "Microsoft.Dynamics.CRM.lookuplogicalname"
_CREDENTIAL = ClientSecretCredential(
    os.environ["EMULATOR_TENANT"],
    os.environ["EMULATOR_CLIENT"],
    os.environ["EMULATOR_SECRET"],
    authority=os.environ["EMULATOR_AUTHORITY"],
    disable_instance_discovery=True,
)
_CLIENT = DataverseClient(os.environ["EMULATOR_URL"], _CREDENTIAL)


def _refused(call, *arguments, **named):
    try:
        call(*arguments, **named)
    except HttpError as error:
        return error
    raise AssertionError("it was not refused")


def _names(rows) -> list:
    return [row["name"] for row in rows]


def _accounts(count: int, **columns) -> str:
    """Create accounts named `<mark> 0`, `<mark> 1`, …; returns the mark."""
    name = mark()
    _CLIENT.records.create("account", [{"name": f"{name} {n:03d}", **columns} for n in range(count)])
    return name


def create_retrieve_update_delete() -> None:
    """A row is created, read with $select, changed and deleted."""
    name = mark()
    id = _CLIENT.records.create("account", {"Name": name, "numberofemployees": 7})
    row = _CLIENT.records.retrieve("account", id, select=["name", "numberofemployees"])
    assert (row["name"], row["numberofemployees"], row["accountid"]) == (name, 7, id), row
    _CLIENT.records.update("account", id, {"numberofemployees": 8})
    assert _CLIENT.records.retrieve("account", id, select=["numberofemployees"])["numberofemployees"] == 8
    _CLIENT.records.delete("account", id)
    assert _CLIENT.records.retrieve("account", id) is None


def many_rows_in_one_request() -> None:
    """CreateMultiple and UpdateMultiple, with the same and with different changes."""
    name = mark()
    ids = _CLIENT.records.create("account", [{"name": f"{name} {n}"} for n in range(3)])
    assert len(set(ids)) == 3
    _CLIENT.records.update("account", ids, {"description": name})
    _CLIENT.records.update("account", ids, [{"numberofemployees": n} for n in range(3)])
    rows = _CLIENT.records.list("account", filter=f"description eq '{name}'", orderby=["numberofemployees"])
    assert [row["numberofemployees"] for row in rows] == [0, 1, 2]


def labels_of_choices_become_numbers() -> None:
    """The client reads the picklists of a table before the first write of text."""
    id = _CLIENT.records.create("account", {"name": mark(), "industrycode": "Consulting"})
    row = _CLIENT.records.retrieve("account", id, select=["industrycode"], include_annotations=FORMATTED)
    assert row[f"industrycode@{FORMATTED}"] == "Consulting", row


def pages_of_odd_sizes() -> None:
    """Pages of one, of two and of all rows hold the same rows in the same order."""
    name = _accounts(5)
    for size, expected in ((1, [1] * 5), (2, [2, 2, 1]), (5, [5]), (5000, [5])):
        pages = list(
            _CLIENT.records.list_pages(
                "account", filter=f"startswith(name,'{name}')", orderby=["name"], page_size=size
            )
        )
        assert [len(page) for page in pages] == expected, (size, pages)
        assert [row["name"][-3:] for page in pages for row in page] == ["000", "001", "002", "003", "004"]


def operators_of_filters() -> None:
    """Comparison, text, null, In, NotIn, Between, NotBetween, and, or, not."""
    name = mark()
    for n in range(4):
        _CLIENT.records.create(
            "account",
            {
                "name": f"{name} {n}",
                "numberofemployees": n,
                "creditlimit": 1000.5 * n,
                "fax": "x" if n else None,
            },
        )
    number, amount = col("numberofemployees"), col("creditlimit")
    cases = [
        (number == 2, "2"),
        (number != 2, "013"),
        (number > 1, "23"),
        (number >= 1, "123"),
        (number < 1, "0"),
        (number <= 1, "01"),
        (number.in_([0, 3]), "03"),
        (number.not_in([0, 3]), "12"),
        (number.between(1, 2), "12"),
        (number.not_between(1, 2), "03"),
        (amount > 1000.5, "23"),
        (col("fax").is_null(), "0"),
        (col("fax").is_not_null(), "123"),
        (col("name").contains(" 1"), "1"),
        (col("name").startswith(name), "0123"),
        (col("name").endswith("3"), "3"),
        (col("name").like("%2"), "2"),
        ((number == 0) | (number == 3), "03"),
        ((number > 0) & ~(number == 2), "13"),
        (col("name").in_([f"{name} 1", f"{name.upper()} 2"]), "12"),
        (raw("Microsoft.Dynamics.CRM.Today(PropertyName='createdon')"), "0123"),
        (raw("Microsoft.Dynamics.CRM.LastXDays(PropertyName='createdon',PropertyValue=3)"), "0123"),
        (raw("Microsoft.Dynamics.CRM.NextXDays(PropertyName='createdon',PropertyValue=3)"), ""),
        (raw("Microsoft.Dynamics.CRM.OlderThanXDays(PropertyName='createdon',PropertyValue=3)"), ""),
        (raw("Microsoft.Dynamics.CRM.ThisYear(PropertyName='createdon')"), "0123"),
    ]
    for condition, expected in cases:
        query = _CLIENT.query.builder("account").select("name").order_by("name")
        rows = query.where(col("name").startswith(name) & condition).execute()
        assert "".join(row["name"][-1] for row in rows) == expected, (condition.to_odata(), _names(rows))


def special_characters_survive() -> None:
    """Quotes, percent signs, ampersands, plus signs, accents and emoji come back and are found."""
    for text in ("O'Neil & Söhne", "50 % + #1", 'say "hi"', "日本 🎉", "a/b\\c", "x;y=z,(w)", "<b>&amp;</b>"):
        name = f"{mark()} {text}"
        id = _CLIENT.records.create("account", {"name": name})
        assert _CLIENT.records.retrieve("account", id, select=["name"])["name"] == name
        found = _CLIENT.query.builder("account").select("name").where(col("name") == name).execute()
        assert _names(found) == [name], text


def counts_and_annotations() -> None:
    """$count is taken, formatted values and the table behind a lookup come when they are asked for."""
    name = _accounts(2, creditlimit=1234.5)
    query = (
        _CLIENT.query.builder("account").select("name", "creditlimit", "createdon", "_ownerid_value").count()
    )
    rows = list(query.where(col("name").startswith(name)).include_annotations("*").execute())
    assert len(rows) == 2
    assert rows[0][f"creditlimit@{FORMATTED}"] == "$1,234.50", rows[0]
    assert rows[0][f"_ownerid_value@{LOOKUP_TABLE}"] == "systemuser", rows[0]


def upsert_by_alternate_key() -> None:
    """account has a key on accountnumber: the first call creates, the second one changes."""
    number = mark()
    for name in ("first", "second"):
        _CLIENT.records.upsert("account", [UpsertItem({"accountnumber": number}, {"name": name})])
        rows = list(_CLIENT.records.list("account", filter=f"accountnumber eq '{number}'", select=["name"]))
        assert _names(rows) == [name]


def upsert_many() -> None:
    """UpsertMultiple creates what is missing and changes what is there."""
    number = mark()
    for name in ("first", "second"):
        items = [UpsertItem({"accountnumber": f"{number}-{n}"}, {"name": name}) for n in range(3)]
        _CLIENT.records.upsert("account", items)
        rows = list(_CLIENT.records.list("account", filter=f"startswith(accountnumber,'{number}')"))
        assert _names(rows) == [name] * 3


def alternate_keys_are_defined_and_removed() -> None:
    """A key of one's own works from its creation on; removed, it is no key."""
    key = _CLIENT.tables.create_alternate_key("account", f"new_{mark()}", ["telephone2"])
    known = {k.schema_name: k for k in _CLIENT.tables.get_alternate_keys("account")}
    assert known[key.schema_name].status == "Active"
    assert any(k.key_attributes == ["accountnumber"] for k in known.values())
    number = mark()
    _CLIENT.records.upsert("account", [UpsertItem({"telephone2": number}, {"name": "by key"})])
    _CLIENT.tables.delete_alternate_key("account", key.metadata_id)
    assert key.schema_name not in [k.schema_name for k in _CLIENT.tables.get_alternate_keys("account")]
    _refused(_CLIENT.records.upsert, "account", [UpsertItem({"telephone2": number}, {"name": "no key"})])


def expand_lookups_and_collections() -> None:
    """A lookup with columns, and a collection with a filter, an order and a limit."""
    name = mark()
    parent = _CLIENT.records.create("account", {"name": name})
    for n in range(3):
        bind = {"parentaccountid@odata.bind": f"/accounts({parent})"}
        _CLIENT.records.create("account", {"name": f"{name} {n}", "numberofemployees": n, **bind})
    child = (
        _CLIENT.query.builder("account")
        .where(col("name") == f"{name} 1")
        .expand(ExpandOption("parentaccountid").select("name"))
    )
    assert [row["parentaccountid"]["name"] for row in child.execute()] == [name]
    inner = ExpandOption("account_parent_account").select("name").filter("numberofemployees ge 1")
    inner = inner.order_by("name", descending=True).top(1)
    (row,) = _CLIENT.query.builder("account").where(col("name") == name).expand(inner).execute()
    assert _names(row["account_parent_account"]) == [f"{name} 2"], row


def fetchxml_with_cookie() -> None:
    """Pages of FetchXML by the paging cookie, as the client hands it on, without a warning."""
    name = _accounts(7)
    xml = (
        f'<fetch count="3"><entity name="account"><attribute name="name"/><order attribute="name"/>'
        f'<filter><condition attribute="name" operator="like" value="{name}%"/></filter></entity></fetch>'
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pages = list(_CLIENT.query.fetchxml(xml).execute_pages())
    assert [len(page) for page in pages] == [3, 3, 1]
    assert _names(row for page in pages for row in page) == [f"{name} {n:03d}" for n in range(7)]


def fetchxml_with_link() -> None:
    """Columns of a linked table come under its alias, and its conditions count."""
    name = mark()
    contact = _CLIENT.records.create("contact", {"firstname": "Ada", "lastname": name})
    bind = {"primarycontactid@odata.bind": f"/contacts({contact})"}
    _CLIENT.records.create("account", {"name": name, **bind})
    _CLIENT.records.create("account", {"name": name})
    xml = (
        f'<fetch><entity name="account"><attribute name="name"/><filter><condition attribute="name" '
        f'operator="eq" value="{name}"/></filter><link-entity name="contact" from="contactid" '
        f'to="primarycontactid" alias="c" link-type="inner"><attribute name="firstname"/></link-entity>'
        f"</entity></fetch>"
    )
    (row,) = _CLIENT.query.fetchxml(xml).execute()
    assert row["c.firstname"] == "Ada", row


def bulk_delete_is_a_system_job() -> None:
    """BulkDelete answers with the job, and the rows are gone."""
    name = mark()
    ids = _CLIENT.records.create("account", [{"name": name}, {"name": name}])
    job = _CLIENT.records.delete("account", ids)
    row = _CLIENT.records.retrieve("asyncoperation", job, select=["operationtype", "statuscode"])
    assert (row["operationtype"], row["statuscode"]) == (13, 30), row
    assert list(_CLIENT.records.list("account", filter=f"name eq '{name}'")) == []


def sql_is_refused_by_name() -> None:
    """What the emulator does not do it says: 501 with the name of the option."""
    error = _refused(_CLIENT.query.sql, "SELECT TOP 1 name FROM account")
    assert error.status_code == 501, error
    assert "sql" in str(error), error


def batches_with_change_sets() -> None:
    """A batch of reads and writes; a change set refers to its own rows by content id."""
    name = mark()
    batch = _CLIENT.batch.new()
    batch.records.create("account", {"name": f"{name} a"})
    with batch.changeset() as changes:
        contact = changes.records.create("contact", {"lastname": name})
        account = changes.records.create(
            "account", {"name": f"{name} b", "primarycontactid@odata.bind": contact}
        )
        changes.records.update("account", account, {"description": name})
    batch.records.list(
        "account", filter=f"description eq '{name}'", select=["name"], expand=["primarycontactid"]
    )
    result = batch.execute()
    assert not result.has_errors, result.failed
    assert len(result.entity_ids) == 4, result.responses
    (row,) = result.responses[-1].data["value"]
    assert row["primarycontactid"]["lastname"] == name, row


def change_sets_roll_back() -> None:
    """One refused member takes all of its change set back."""
    name = mark()
    batch = _CLIENT.batch.new()
    with batch.changeset() as changes:
        changes.records.create("account", {"name": name})
        changes.records.create("account", {"name": "x" * 161})
    # The client reads the answer of a batch with status 400 only, and raises for other errors.
    result = batch.execute()
    assert [item.status_code for item in result.responses] == [400], result.responses
    assert list(_CLIENT.records.list("account", filter=f"name eq '{name}'")) == []


def a_batch_goes_on_or_stops() -> None:
    """It stops at the first failure, and goes on when it is told to."""
    for goes_on, expected in ((False, [400]), (True, [400, 204])):
        batch = _CLIENT.batch.new()
        batch.records.create("account", {"nosuchcolumn": 1})
        batch.records.create("account", {"name": mark()})
        result = batch.execute(continue_on_error=goes_on)
        assert [item.status_code for item in result.responses] == expected, result.responses


def a_batch_takes_every_kind_of_write() -> None:
    """Upserts, bulk writes and metadata inside of a batch."""
    number = mark()
    batch = _CLIENT.batch.new()
    batch.records.upsert("account", [UpsertItem({"accountnumber": number}, {"name": number})])
    batch.records.create("account", [{"name": number}, {"name": number}])
    batch.tables.get("account")
    result = batch.execute()
    assert not result.has_errors, result.failed
    assert len(list(_CLIENT.records.list("account", filter=f"name eq '{number}'"))) == 3


def tables_and_columns_are_described() -> None:
    """EntityDefinitions by logical name and as a list, columns whole and typed."""
    table = _CLIENT.tables.get("account")
    assert (table.entity_set_name, table.primary_id_attribute) == ("accounts", "accountid")
    assert "invoice" in [t["LogicalName"] for t in _CLIENT.tables.list(select=["LogicalName"])]
    assert _CLIENT.tables.get("nosuchtable") is None
    columns = _CLIENT.tables.list_columns("account", select=["LogicalName", "AttributeType"])
    assert {"LogicalName": "name", "AttributeType": "String"}.items() <= next(
        c for c in columns if c["LogicalName"] == "name"
    ).items()
    typed = _CLIENT.tables.get_column("account", "name", typed=True)
    assert typed["MaxLength"] == 160, typed
    assert any(c["name"] == "accountid" and c["is_pk"] for c in _CLIENT.query.sql_columns("account"))


def relationships_are_described() -> None:
    """Of a table, one by its name, and all of one kind."""
    rows = _CLIENT.tables.list_table_relationships("account")
    assert any(row["SchemaName"] == "account_primary_contact" for row in rows)
    one = _CLIENT.tables.get_relationship("account_primary_contact")
    assert (one.referenced_entity, one.referencing_entity) == ("contact", "account"), one
    kind = "Microsoft.Dynamics.CRM.RelationshipType'ManyToManyRelationship'"
    assert _CLIENT.tables.list_relationships(filter=f"RelationshipType eq {kind}")
    expands = _CLIENT.query.odata_expands("account")
    assert any(
        e["nav_property"] == "primarycontactid" and e["target_entity_set"] == "contacts" for e in expands
    )


def errors_have_codes() -> None:
    """Statuses, service codes and request ids are those that the client looks for."""
    error = _refused(_CLIENT.records.update, "account", "11111111-1111-1111-1111-111111111111", {"name": "x"})
    assert (error.status_code, error.details["service_error_code"]) == (404, "0x80040217"), error.details
    assert error.details.get("service_request_id"), error.details
    error = _refused(_CLIENT.records.list, "account", filter="nosuchcolumn eq 1")
    assert (error.status_code, error.details["service_error_code"]) == (400, "0x0"), error.details
    error = _refused(_CLIENT.records.create, "account", {"name": "x" * 161})
    assert error.details["service_error_code"] == "0x80044331", error.details
    try:
        _CLIENT.records.create("nosuchtable", {"name": "x"})
    except MetadataError:
        pass
    else:
        raise AssertionError("an unknown table was taken")


def parallel_clients() -> None:
    """Eight at once, each with a client of its own: every row is there once."""
    name = mark()

    def create(n: int) -> None:
        with DataverseClient(os.environ["EMULATOR_URL"], _CREDENTIAL) as client:
            client.records.create("account", {"name": f"{name} {n}"})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(create, range(16)))
    assert len(set(_names(_CLIENT.records.list("account", filter=f"startswith(name,'{name}')")))) == 16


if __name__ == "__main__":
    scenario_runner.run(sys.modules[__name__])
