"""One environment in which nearly everything is wrong, over real HTTP: every check of contracts finds it.

The emulator and the checks are both ours: that a finding comes out proves the wiring, not the rule. What a
rule says is held by the examples beside the checks.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest

from connector.emulator.store import Transaction, target_column
from connector.model.invoicing_rules import InvoicingRules
from connector.verification.checks import ALL_CHECKS, select
from connector.verification.finding import Finding, Outcome
from connector.verification.read import read_evidence
from connector.verification.verify import judged_all
from tests.verification.conftest import World, world_of

READY, UNBILLED, DRAFTED = 192350004, 192350000, 192350001
NOT_RUN, SUCCESSFUL, FAILED = 192350000, 192350001, 192350002
GROUPS = ("SCH", "MIL", "CON", "TRX", "INV")
RULES = InvoicingRules(progress_schedule_type=192350001, not_to_exceed_failed=192350001)
INFORMATION = {"CON10", "TRX05", "TRX07", "INV01"}
"""They tell something and find no fault."""

TOO_LARGE = {"CON09"}
"""Five thousand lines are not worth the seconds: its examples have them."""


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Trouble:
    def __init__(self, tx: Transaction) -> None:
        self.tx = tx
        currencies = {
            row["isocurrencycode"]: row["transactioncurrencyid"] for row in tx.find("transactioncurrency", {})
        }
        self.usd, self.eur = str(currencies["USD"]), str(currencies["EUR"])

    def add(self, table: str, **values: Any) -> str:
        return self.tx.insert(table, values)

    def contract(self, name: str, **values: Any) -> str:
        account = self.add("account", name=f"{name} Ltd.")
        return self.add(
            "salesorder",
            **{
                "name": name,
                "msdyn_ordertype": 192350001,
                "msdyn_psastate": 192350002,
                "msdyn_psastatusreason": 192350003,
                "customerid": account,
                target_column("customerid"): "account",
                "transactioncurrencyid": self.usd,
                **values,
            },
        )

    def line(self, contract: str, name: str, method: int = 192350000, **values: Any) -> str:
        return self.add(
            "salesorderdetail",
            **{
                "salesorderid": contract,
                "salesorderdetailname": name,
                "producttypecode": 5,
                "msdyn_billingmethod": method,
                **values,
            },
        )

    def row(
        self, line: str, run: str, status: int = NOT_RUN, cut_off: str | None = None, **values: Any
    ) -> str:
        return self.add(
            "msdyn_contractlineinvoiceschedule",
            msdyn_name=f"row of {run}",
            msdyn_contractlineid=line,
            msdyn_invoicerundate=day(run),
            msdyn_transactioncutoffdate=None if cut_off is None else day(cut_off),
            msdyn_invoicerunstatus=status,
            **values,
        )

    def milestone(self, line: str, name: str, on: str, **values: Any) -> str:
        return self.add(
            "msdyn_contractlinescheduleofvalue",
            **{
                "msdyn_name": name,
                "msdyn_contractlineid": line,
                "msdyn_amount": Decimal(100),
                "msdyn_tax": Decimal(0),
                "msdyn_invoicedate": day(on),
                "msdyn_milestonedate": day(on),
                "msdyn_invoicestatus": 192350000,
                "msdyn_transactionclassification": 192350003,
                "msdyn_transactiontypecode": 192350005,
                **values,
            },
        )

    def work(self, contract: str, line: str | None, on: str, status: int = READY, **values: Any) -> str:
        return self.add(
            "msdyn_actual",
            **{
                "msdyn_description": "work",
                "msdyn_salescontract": contract,
                "msdyn_salescontractlineid": line,
                "msdyn_transactiontypecode": 192350005,
                "msdyn_transactionclassification": 192350000,
                "msdyn_billingtype": 192350001,
                "msdyn_billingstatus": status,
                "msdyn_amount": Decimal(100),
                "msdyn_documentdate": day(on),
                "msdyn_startdatetime": day(on),
                "msdyn_enddatetime": day(on),
                "transactioncurrencyid": self.usd,
                **values,
            },
        )

    def draft(self, contract: str, name: str, sources: tuple[str, ...], made: str) -> str:
        invoice = self.add(
            "invoice",
            name=name,
            salesorderid=contract,
            msdyn_ordertype=192350001,
            msdyn_projectinvoicestatus=192350000,
            totalamount=Decimal(0),
            transactioncurrencyid=self.usd,
        )
        self.tx.update("invoice", invoice, {"createdon": day(made)})
        for source in sources:
            detail = self.add("msdyn_invoicelinetransaction", msdyn_invoice=invoice, msdyn_description=name)
            self.add(
                "msdyn_transactionconnection",
                msdyn_transaction1=detail,
                msdyn_transaction1role="Billed Sales",
                msdyn_transaction1type="msdyn_invoicelinetransaction",
                msdyn_transaction2=source,
                msdyn_transaction2role="Unbilled Sales",
                msdyn_transaction2type="msdyn_actual",
            )
        return invoice


def plant(tx: Transaction) -> None:
    """The environment stands on 6 October 2020."""
    make = Trouble(tx)
    for frequency in tx.find("msdyn_invoicefrequencydetail", {}):
        tx.delete("msdyn_invoicefrequencydetail", str(frequency["msdyn_invoicefrequencydetailid"]))
    for flow in tx.find("workflow", {"category": 5}):
        tx.update("workflow", str(flow["workflowid"]), {"statecode": 0, "statuscode": 1})
    _time_and_material(make)
    _fixed_price(make)
    _customers_and_prices(make)
    _states(make)


def _time_and_material(make: Trouble) -> None:
    project = make.add("msdyn_project", msdyn_subject="Trouble")
    contract = make.contract("Trouble")
    line = make.line(
        contract, "Work", msdyn_includetime=True, msdyn_includeexpense=False, msdyn_project=project
    )
    make.line(contract, "Without a schedule")
    ended = make.line(contract, "Ended")
    make.row(ended, "2020-09-05", SUCCESSFUL, "2020-09-04")
    make.row(line, "2020-09-01", SUCCESSFUL, "2020-08-31", createdon=day("2020-09-20"))
    make.row(line, "2020-09-07", NOT_RUN, "2020-09-06")
    make.row(line, "2020-09-14", FAILED, "2020-09-13")
    make.row(line, "2020-10-12", NOT_RUN)
    make.row(line, "2020-10-12", NOT_RUN, "2020-10-12T05:00:00")
    make.work(contract, line, "2020-10-01", UNBILLED)
    make.work(contract, line, "2020-10-01", READY, emu_nottoexceedstatus=192350001)
    make.work(contract, line, "2020-10-01", READY, msdyn_transactionclassification=192350001)
    make.work(contract, None, "2020-10-01")
    twice = make.work(contract, line, "2020-10-02", DRAFTED)
    make.work(contract, line, "2020-10-03", DRAFTED)
    make.draft(contract, "A draft of July", (twice,), "2020-07-01")
    make.draft(contract, "The same again", (twice,), "2020-10-05")
    make.line(contract, "Tablet", producttypecode=1, msdyn_billingstatus=UNBILLED)
    make.add(
        "msdyn_timeentry", msdyn_project=project, msdyn_date=day("2020-10-02"), msdyn_entrystatus=192350003
    )


def _fixed_price(make: Trouble) -> None:
    contract = make.contract("Fixed")
    make.line(contract, "Without milestones", 192350001)
    line = make.line(contract, "Fixed", 192350001, baseamount=Decimal(1000))
    make.milestone(line, "Due", "2020-10-01")
    make.milestone(line, "Two days", "2020-11-01", msdyn_milestonedate=day("2020-11-02"))
    make.milestone(line, "On no draft", "2020-09-01", msdyn_invoicestatus=192350002)
    make.milestone(line, "Only tax", "2020-12-01", msdyn_amount=Decimal(0), msdyn_tax=Decimal(19))
    progress = make.line(contract, "By progress", 192350001, emu_invoicescheduletype=192350001)
    make.milestone(progress, "Nothing next", "2020-12-01")


def _customers_and_prices(make: Trouble) -> None:
    gone = make.add("account", name="Gone Ltd.")
    make.tx.update("account", gone, {"statecode": 1, "statuscode": 2})
    unit = make.add("msdyn_organizationalunit", msdyn_name="Contoso Europe", msdyn_currency=make.eur)
    make.add("solution", uniquename="Dynamics365ProjectOperationsDualWrite", version="2.0.0.0")
    contract = make.contract("Customers", msdyn_contractorganizationalunitid=unit)
    for account, percent in ((gone, 50), (make.add("account", name="Other"), 40)):
        make.add(
            "msdyn_projectcontractsplitbillingrule",
            emu_contract=contract, emu_account=account, emu_splitpercent=Decimal(percent),
        )  # fmt: skip
    line = make.line(contract, "Split")
    make.add(
        "emu_contractlinecustomer", emu_contractline=line, emu_account=gone, emu_splitpercent=Decimal(90)
    )
    role = make.add("bookableresourcecategory", name="Consultant")
    make.work(contract, line, "2020-10-01", msdyn_resourcecategory=role)
    for name, currency in (("Euros", make.eur), ("Dollars", make.usd)):
        prices = make.add("pricelevel", name=name, transactioncurrencyid=currency, msdyn_module=192350002)
        make.add("msdyn_orderpricelist", msdyn_contract=contract, msdyn_pricelist=prices)


def _states(make: Trouble) -> None:
    contract = make.contract("Lost", msdyn_psastate=192350003, msdyn_psastatusreason=192350005)
    make.work(contract, None, "2020-10-01")


@pytest.fixture(scope="module")
def found(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[Finding, ...]]]:
    path = tmp_path_factory.mktemp("trouble") / "world.db"
    with world_of(Path(copyfile(sample, path))) as world:
        yield judged_all(select(only=GROUPS), evidence_of_trouble(world))


def evidence_of_trouble(world: World) -> Any:
    world.emulator.move_clock(datetime(2020, 10, 6, 7, tzinfo=UTC))
    with world.emulator.store.transaction() as tx:
        plant(tx)
    return read_evidence(world.client, world.tables, sleep=lambda _: None, rules=RULES)


@pytest.mark.parametrize(
    "code", [one.code for one in ALL_CHECKS if one.group in GROUPS and one.code not in TOO_LARGE]
)
def test_trouble_that_is_there_is_found(found: dict[str, tuple[Finding, ...]], code: str) -> None:
    """What is wrong in the environment makes its check fail, with a record to open and what was seen."""
    findings = found[code]
    if code in INFORMATION:
        assert {one.outcome for one in findings} == {Outcome.PASS}
        return
    failed = [one for one in findings if one.outcome is Outcome.FAIL]
    assert failed, [one.message for one in findings]
    assert all(one.record is not None and uuid.UUID(one.record.id) for one in failed)
    assert all(one.evidence for one in failed if code != "SCH01")


def test_trouble_is_named(found: dict[str, tuple[Finding, ...]]) -> None:
    """Findings speak of the contract and the line that they are about."""
    text = {code: " ".join(one.message for one in findings) for code, findings in found.items()}
    assert "'Without a schedule' of contract 'Trouble'" in text["SCH02"]
    assert "milestones add up to 300.00 USD, contracted are 1000.00 USD" in text["MIL02"]
    assert "The contract 'Lost' is Lost" in text["CON01"]
    assert "Gone Ltd." in text["CON04"]
    assert "'A draft of July' and 'The same again'" in text["TRX09"]
