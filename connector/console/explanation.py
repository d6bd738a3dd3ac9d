"""What `projops explain` is asked for: which line is meant, and its story."""

from __future__ import annotations

from datetime import date

from connector.console.connection import Connection
from connector.hooks import load_plugins
from connector.job.look import look
from connector.model.process import PROCESS_RUNNER
from connector.runner.explain import Known, explained
from connector.runner.invoicing import RunRequest, start_run
from connector.runner.read import stream_contracts
from connector.runner.read_story import Finder, read_invoices, read_past
from connector.runner.story import Explanation
from connector.settings import Settings
from connector.workflow import Run


def explanation_of(connection: Connection, settings: Settings, what: str, on: date | None) -> Explanation:
    """Raises UsageError where nothing, or more than one thing, is called `what`."""
    client, tables, plugins = connection.client, connection.tables, load_plugins()
    contract_table = connection.definitions.get(tables.project_contract.logical_name)
    subject = Finder(client, tables, contract_table).find(what)
    diagnosis = look(connection.environment(settings.rules)).diagnosis
    # The run's days are days of the user under whom the job runs (rule L7).
    user = diagnosis.chains[0].last.owner if diagnosis.chains else None
    request = RunRequest(on=on, contracts=(subject.contract,), user=user)
    header = start_run(client, tables, None, plugins, connection.rules_here(settings.rules), request).header
    run = Run(
        day=header.on,
        today=header.today,
        zone=header.zone.zone,
        rules=header.rules,
        billing_methods=plugins.billing_methods,
        takes_missed=header.takes_missed,
    )
    [snapshot] = stream_contracts(client, tables, [subject.contract])
    known = Known(
        diagnosis,
        invoices=read_invoices(client, tables, snapshot, run.zone),
        past=read_past(client, tables, snapshot, subject.lines),
    )
    stories = explained(snapshot, plugins.workflow(PROCESS_RUNNER), run, known, subject.lines)
    return Explanation(header, diagnosis.sentence, diagnosis.next_run, tuple(stories))
