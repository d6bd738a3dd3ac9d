"""How plug-ins are found, and what is refused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from types import SimpleNamespace

import pytest

from connector.errors import PluginError
from connector.hooks import hookimpl, load_plugins
from connector.model.invoicing_rules import InvoicingRules
from connector.workflow import Call, ContractDecision, ContractSnapshot, Run, StepDecision, Workflow


class Named:
    """A workflow that does nothing under a name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_reading_contracts = False

    def start(self, call: Call, rules: InvoicingRules) -> Sequence[StepDecision]:
        return ()

    def decide(self, contract: ContractSnapshot, run: Run) -> Iterable[ContractDecision]:
        return ()

    def end(self, call: Call, ended_at: datetime) -> Sequence[StepDecision]:
        return ()


def plugin(*names: str) -> SimpleNamespace:
    @hookimpl
    def projops_workflows() -> list[Workflow]:
        return [Named(name) for name in names]

    return SimpleNamespace(projops_workflows=projops_workflows)


def test_the_built_in_plugins_arrive_by_entry_points() -> None:
    """The workflows and billing methods of the distribution are there without connector naming them."""
    plugins = load_plugins()
    assert [item.name for item in plugins.workflows] == ["ProcessRunCaller", "ProcessRunner"]
    methods = [item.name for item in plugins.billing_methods]
    assert methods == ["fixed_price", "product", "progress", "time_and_material"]


def test_a_plugin_of_ones_own_is_found_beside_them() -> None:
    """A further plug-in adds its workflow and changes nothing else."""
    assert load_plugins([plugin("NightlyReport")]).workflow("NightlyReport").name == "NightlyReport"


def test_two_plugins_with_one_workflow_are_an_error_that_names_both() -> None:
    """A workflow that two plug-ins claim is refused, and both are named."""
    with pytest.raises(
        PluginError, match=r"ProcessRunner is brought by more than one plug-in: .*projops-connector"
    ):
        load_plugins([plugin("ProcessRunner")])


def test_a_misspelled_hook_is_an_error() -> None:
    """A hook that does not exist is refused instead of registered in silence."""

    @hookimpl
    def projops_workflow() -> list[Workflow]:
        return []

    with pytest.raises(PluginError, match="projops_workflow"):
        load_plugins([SimpleNamespace(projops_workflow=projops_workflow)])


def test_a_workflow_that_nobody_brings_is_an_error_that_names_what_there_is() -> None:
    """Asking for an unknown workflow says which ones are installed."""
    with pytest.raises(PluginError, match=r"NoSuchWorkflow.*ProcessRunner"):
        load_plugins().workflow("NoSuchWorkflow")
