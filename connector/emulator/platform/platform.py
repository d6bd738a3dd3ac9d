"""The platform's behaviour as one extension of the protocol.

platform = Platform(load_plugins())
running = emulator.start(path, extensions=[platform.extend], …)
platform.attach(running.store)
"""

from __future__ import annotations

from functools import partial

from connector.emulator.platform.contract_guards import keep_closed
from connector.emulator.platform.execute_workflow import ExecuteWorkflow
from connector.emulator.platform.inherited_currency import TABLES, inherit_currency
from connector.emulator.platform.invoice_actions import CreateInvoiceFromInvoiceSchedule
from connector.emulator.platform.invoice_guards import (
    keep_confirmed,
    keep_confirmed_parts,
    release_deleted_invoice,
)
from connector.emulator.platform.invoice_totals import follow_detail, follow_line
from connector.emulator.platform.job_guards import JobGuard
from connector.emulator.platform.milestone_headers import follow_confirmation, follow_milestone
from connector.emulator.platform.new_invoice import NewInvoiceContract
from connector.emulator.platform.privileges import (
    change_role,
    check_access,
    check_customizing,
    describe_privileges,
    require_acting,
    retrieve_user_privileges,
)
from connector.emulator.platform.process_guards import follow_activation, guard_activation
from connector.emulator.platform.service import AsynchronousService
from connector.emulator.platform.ur55 import guard_actual, guard_detail
from connector.emulator.platform.words import (
    ACTUAL,
    CONTRACT,
    INVOICE,
    INVOICE_LINE,
    INVOICE_LINE_DETAIL,
    MILESTONE,
    PROCESS,
    SYSTEM_JOB,
)
from connector.emulator.registry import Registry
from connector.emulator.schema import Schema
from connector.emulator.store import Store
from connector.hooks import Plugins


class Platform:
    """`service` is the asynchronous service; it works once a store is attached."""

    def __init__(self, plugins: Plugins) -> None:
        self.plugins = plugins
        self.service = AsynchronousService(plugins)

    def extend(self, registry: Registry, schema: Schema) -> None:  # noqa: ARG002 - the shape of an extension
        registry.action(PROCESS, "ExecuteWorkflow", ExecuteWorkflow(self.service))
        registry.action(
            CONTRACT,
            "msdyn_createinvoicefrominvoiceschedule",
            CreateInvoiceFromInvoiceSchedule(self.plugins),
        )
        registry.action(CONTRACT, "msdyn_NewInvoiceContract", NewInvoiceContract(self.plugins))
        registry.action("role", "AddPrivilegesRole", partial(change_role, is_replacing=False))
        registry.action("role", "ReplacePrivilegesRole", partial(change_role, is_replacing=True))
        registry.access(check_access)
        registry.table_privileges(describe_privileges)
        registry.customizing(check_customizing)
        registry.impersonation(require_acting)
        registry.function("systemuser", "RetrieveUserPrivileges", retrieve_user_privileges)
        registry.before(SYSTEM_JOB, JobGuard(self.service))
        registry.before(PROCESS, guard_activation)
        registry.after(PROCESS, follow_activation)
        registry.before(INVOICE, release_deleted_invoice)
        registry.before(INVOICE, keep_confirmed)
        registry.before(INVOICE_LINE, keep_confirmed_parts)
        registry.before(INVOICE_LINE_DETAIL, keep_confirmed_parts)
        registry.before(INVOICE_LINE_DETAIL, guard_detail)
        registry.before(ACTUAL, guard_actual)
        registry.before(CONTRACT, keep_closed)
        registry.after(INVOICE_LINE, follow_line)
        registry.after(INVOICE_LINE_DETAIL, follow_detail)
        registry.after(MILESTONE, follow_milestone)
        registry.after(INVOICE, follow_confirmation)
        for table in TABLES:
            registry.before(table, inherit_currency)

    def attach(self, store: Store) -> None:
        """Serve this store; what is due at its standing clock is carried out at once."""
        self.service.attach(store)
        self.service.run_due()
