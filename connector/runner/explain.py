"""From a contract, a plan that explains itself and the job's health to the story of each line: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

from connector.model.actual import Actual, BillingType, TransactionClass
from connector.model.choice import known
from connector.model.column_date import day_without_zone
from connector.model.contract_line import BillingMethodChoice, ContractLine, ProductType
from connector.model.invoice import Invoice, InvoiceState, ProjectInvoiceStatus
from connector.model.invoice_schedule import InvoiceSchedule, RunStatus
from connector.model.job_chain import Diagnosis
from connector.model.milestone import InvoiceStatus, Milestone
from connector.model.money import ZERO
from connector.model.progress import HeaderStatus
from connector.model.project_contract import ContractStatusReason
from connector.model.reason import Reason
from connector.runner.compare import sources_of
from connector.runner.look_ahead import LONGEST_DAYS, changes_of, plans_until
from connector.runner.next_look import next_look
from connector.runner.plan import ContractPlan, outcome_of, plan_contract
from connector.runner.story import (
    InvoiceFact,
    LineStory,
    MilestoneFact,
    NextLook,
    Past,
    RowFact,
    Share,
    TransactionFact,
)
from connector.workflow import (
    ACTUAL,
    MILESTONE,
    PRODUCT_LINE,
    ContractSnapshot,
    Judgement,
    LineSnapshot,
    Run,
    Workflow,
)

ACTIVE = 0


@dataclass(frozen=True)
class Known:
    """What is known beside the snapshot: invoices by id, and by line what is over."""

    diagnosis: Diagnosis
    invoices: Mapping[str, InvoiceFact] = field(default_factory=dict)
    past: Mapping[str, Past] = field(default_factory=dict)


def explained(
    snapshot: ContractSnapshot, workflow: Workflow, run: Run, known_facts: Known, lines: Sequence[str] = ()
) -> list[LineStory]:
    """The story of each line of a contract, or of those with the given ids, on `run.day`.

    The same plan as a preview of that day makes, asked to judge every source.
    """
    run = replace(run, is_explaining=True)
    plan = plan_contract(snapshot, workflow, run)
    teller = _Teller(plan, run, known_facts, _expected(plan, workflow, run))
    chosen = [line for line in snapshot.lines if not lines or line.line.id in lines]
    return [teller.story(line) for line in sorted(chosen, key=lambda one: (one.line.title, one.line.id))]


def _expected(plan: ContractPlan, workflow: Workflow, run: Run) -> Mapping[str, date]:
    """The day on which each source is taken when nothing changes, by running the days from today on.

    A run that is asked for ahead of its time would take what the runs before it take; this tells them apart.
    """
    first = min(run.day, run.today)
    farthest = first + timedelta(days=LONGEST_DAYS)
    last = max((one for one in changes_of(plan, run) if first < one <= farthest), default=first)
    found: dict[str, date] = {}
    quiet = replace(run, day=first, is_explaining=False)
    for day, coming in plans_until(plan.snapshot, workflow, quiet, last):
        for invoice in coming.invoices:
            for source in sources_of(invoice):
                found.setdefault(source, day)
    return found


@dataclass(frozen=True)
class _Teller:
    plan: ContractPlan
    run: Run
    known: Known
    expected: Mapping[str, date]

    def story(self, line: LineSnapshot) -> LineStory:
        contract, own = self.plan.snapshot.contract, line.line
        facts = outcome_of(self.plan, (), ())
        return LineStory(
            on=self.run.day,
            line=own.id,
            name=own.title,
            contract=contract.id,
            contract_name=contract.name or "",
            contract_status=_words(known(ContractStatusReason, contract.contract_status_reason)) or "Draft",
            billing_method=_method(own),
            classes=tuple(_classes(own)),
            customers=tuple(self._customers(line)),
            shares=tuple(self._shares(own)),
            reasons=tuple(skip for skip in self.plan.skips if skip.contract_line in {own.id, None}),
            rows=tuple(self._row(row) for row in sorted(line.schedule, key=self._row_order)),
            milestones=tuple(
                self._milestone(one, line) for one in sorted(line.milestones, key=self._milestone_order)
            ),
            transactions=tuple(self._transactions(line)),
            past=self.known.past.get(own.id, Past()),
            next_look=self._next_look(line),
            digits=facts.digits,
            names=dict(self._names(line)),
        )

    def _next_look(self, line: LineSnapshot) -> NextLook:
        reasons = {skip.reason for skip in self.plan.skips if skip.contract_line in {line.line.id, None}}
        if Reason.CONTRACT_NOT_OPEN in reasons:
            return NextLook("No run looks at this line as long as its contract is not open (rule L1).")
        return next_look(line, self.plan.snapshot, self.run, self.known.diagnosis)

    def _names(self, line: LineSnapshot) -> Iterable[tuple[str, str]]:
        for row in line.schedule:
            day = self._day(row.invoice_run_date)
            yield f" (schedule row {row.id})", ""
            yield row.id, f"of {day}" if day is not None else "without a date"
        for id, invoice in self.known.invoices.items():
            yield id, f"of {invoice.day}" if invoice.day is not None else invoice.name or id

    def _shares(self, line: ContractLine) -> Iterable[Share]:
        for invoice in self.plan.invoices:
            for item in invoice.lines:
                if item.contract_line == line.id and item.details:
                    yield Share(
                        run_date=invoice.invoice_run_date,
                        customer=self._name(invoice.customer),
                        amount=item.extended_amount,
                        currency_code=invoice.currency_code,
                        count=len(item.details),
                    )

    def _name(self, customer: str) -> str:
        return self.plan.snapshot.customer_names.get(customer, f"customer {customer}")

    def _customers(self, line: LineSnapshot) -> Iterable[str]:
        """Rule G2: those of the line outrank those of the contract."""
        shares = line.customers or self.plan.snapshot.customers
        named = sorted((self._name(one.customer), one) for one in shares if one.customer)
        for name, share in named:
            percent = f" {share.split_percent.normalize():f} %" if share.split_percent is not None else ""
            yield f"{name}{percent}"
        if not shares and self.plan.snapshot.contract.customer:
            yield self._name(self.plan.snapshot.contract.customer)

    def _row_order(self, row: InvoiceSchedule) -> tuple[date, str]:
        return (self._day(row.invoice_run_date) or date.min, row.id)

    def _row(self, row: InvoiceSchedule) -> RowFact:
        status = _words(known(RunStatus, row.run_status)) or f"run status {row.run_status}"
        is_active = row.state in {None, ACTIVE}
        return RowFact(
            id=row.id,
            run_date=self._day(row.invoice_run_date),
            cut_off=self._day(row.transaction_cutoff_date),
            status=status if is_active else f"{status}, deactivated",
            invoice=self._invoice(row.invoice),
        )

    def _milestone_order(self, milestone: Milestone) -> tuple[date, str, bool, Decimal, str]:
        """By day; a header before its parts."""
        day = self._milestone_day(milestone) or date.min
        family = milestone.header or milestone.id
        return (day, family, milestone.header is not None, milestone.amount or ZERO, milestone.id)

    def _milestone_day(self, milestone: Milestone) -> date | None:
        if milestone.zone_independent_date is not None:
            return day_without_zone(milestone.zone_independent_date)
        return self._day(milestone.milestone_date)

    def _milestone(self, milestone: Milestone, line: LineSnapshot) -> MilestoneFact:
        status = known(InvoiceStatus, milestone.invoice_status)
        words = _label(status) or f"invoice status {milestone.invoice_status}"
        if any(one.header == milestone.id for one in line.milestones):
            of_header = _label(known(HeaderStatus, milestone.header_status))
            words = f"header, billed by its parts{f', {of_header}' if of_header else ''}"
        return MilestoneFact(
            id=milestone.id,
            name=milestone.name or milestone.description or milestone.id,
            day=self._milestone_day(milestone),
            amount=milestone.amount,
            currency_code=self._code(milestone.currency),
            status=words,
        )

    def _transactions(self, line: LineSnapshot) -> list[TransactionFact]:
        actuals = {actual.id: actual for actual in line.actuals}
        milestones = {one.id: self._milestone_day(one) for one in line.milestones}
        found = [
            self._transaction(judgement, actuals.get(judgement.source_id), milestones)
            for judgement in self.plan.judgements
            if judgement.contract_line == line.line.id
        ]
        return sorted(found, key=_transaction_order)

    def _transaction(
        self, judgement: Judgement, actual: Actual | None, milestones: Mapping[str, date | None]
    ) -> TransactionFact:
        day = judgement.day or milestones.get(judgement.source_id)
        billing_type = None
        if actual is not None:
            day = day or self._actual_day(actual)
            billing_type = known(BillingType, actual.billing_type)
        invoice = judgement.invoice or self.plan.snapshot.invoiced.get(judgement.source_id)
        return TransactionFact(
            judgement=judgement,
            kind=_kind(judgement, actual),
            day=day,
            billing_type=billing_type.name.lower() if billing_type is not None else None,
            invoice=self._invoice(invoice or (actual.invoice if actual else None)),
            expected_on=self.expected.get(judgement.source_id),
        )

    def _actual_day(self, actual: Actual) -> date | None:
        if actual.transaction_date is not None:
            return day_without_zone(actual.transaction_date)
        return self._day(actual.document_date)

    def _invoice(self, id: str | None) -> InvoiceFact | None:
        return None if id is None else self.known.invoices.get(id, InvoiceFact(id))

    def _day(self, value: date | None) -> date | None:
        return None if value is None else self.run.day_of(value)

    def _code(self, currency: str | None) -> str:
        found = self.plan.snapshot.currencies.get(currency or self.plan.snapshot.contract.currency or "")
        return (found.iso_code or "") if found else ""


def _transaction_order(one: TransactionFact) -> tuple[date, str, str]:
    return (one.day or date.max, one.judgement.name, one.judgement.source_id)


def fact_of(invoice: Invoice, code: str, day: date | None) -> InvoiceFact:
    """An invoice in the words of its form; `day` is its date in the run's zone."""
    state, status = (
        known(InvoiceState, invoice.state),
        known(ProjectInvoiceStatus, invoice.project_invoice_status),
    )
    is_over = state in {InvoiceState.CANCELED, InvoiceState.PAID}
    return InvoiceFact(
        id=invoice.id,
        name=invoice.name or "",
        status=_words(state if is_over else status or state) or "unknown",
        day=day,
        amount=invoice.total_amount,
        currency_code=code,
    )


def _label(choice: object) -> str:
    """READY_FOR_INVOICING as the form has it: Ready for invoicing."""
    return _words(choice).capitalize()


def _words(choice: object) -> str:
    """RUN_SUCCESSFUL as people read it."""
    name = getattr(choice, "name", None)
    return str(name).replace("_", " ").title() if name else ""


def _method(line: ContractLine) -> str:
    if line.product_type == ProductType.PRODUCT:
        return "product"
    method = known(BillingMethodChoice, line.billing_method)
    return method.name.lower() if method is not None else f"billing method {line.billing_method}"


def _classes(line: ContractLine) -> Iterable[str]:
    if line.billing_method != BillingMethodChoice.TIME_AND_MATERIAL:
        return
    flags = {
        TransactionClass.TIME: line.includes_time,
        TransactionClass.EXPENSE: line.includes_expense,
        TransactionClass.MATERIAL: line.includes_material,
        TransactionClass.FEE: line.includes_fee,
    }
    yield from (kind.name.lower() for kind, flag in flags.items() if flag is not False)


def _kind(judgement: Judgement, actual: Actual | None) -> str:
    if actual is not None:
        kind = known(TransactionClass, actual.transaction_class)
        return kind.name.lower() if kind is not None else f"class {actual.transaction_class}"
    words = {MILESTONE: "milestone", PRODUCT_LINE: "product", ACTUAL: "transaction"}
    return words.get(judgement.source, judgement.source.removeprefix("msdyn_"))
