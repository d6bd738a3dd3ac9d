"""The hooks of plug-ins, and how plug-ins are found.

A plug-in is a module that an installed distribution names under the entry point group `projops`.
It implements one or more of the hooks with `hookimpl`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pluggy

from connector.errors import PluginError
from connector.model.utilization import UtilizationEstimate
from connector.workflow import BillingMethod, Workflow

GROUP = "projops"
hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


class Hooks:
    """What a plug-in may implement."""

    @hookspec
    def projops_workflows(self) -> Iterable[Workflow]:  # type: ignore[empty-body]
        """The workflows that this plug-in brings."""

    @hookspec
    def projops_billing_methods(self) -> Iterable[BillingMethod]:  # type: ignore[empty-body]
        """The billing methods that this plug-in brings."""

    @hookspec
    def projops_utilization_estimates(self) -> Iterable[UtilizationEstimate]:  # type: ignore[empty-body]
        """How this plug-in estimates the billable utilization of roles (rule J9)."""


@dataclass(frozen=True)
class Plugins:
    """What all plug-ins brought, in the order of their names."""

    workflows: tuple[Workflow, ...]
    billing_methods: tuple[BillingMethod, ...]
    utilization_estimates: tuple[UtilizationEstimate, ...] = ()

    def utilization_estimate(self, name: str) -> UtilizationEstimate:
        """The estimate of this name. Raises PluginError when no plug-in brings it."""
        for estimate in self.utilization_estimates:
            if estimate.name == name:
                return estimate
        raise PluginError(
            f"No plug-in brings the estimate {name}.", "Install the package that has it, or reinstall ours."
        )

    def workflow(self, name: str) -> Workflow:
        """The workflow plug-in of this name. Raises PluginError when there is none."""
        for workflow in self.workflows:
            if workflow.name == name:
                return workflow
        raise PluginError(
            f"No plug-in brings the workflow {name}.",
            f"Installed are: {', '.join(item.name for item in self.workflows) or 'none'}.",
        )


def load_plugins(extra: Iterable[Any] = ()) -> Plugins:
    """All plug-ins of the installed distributions, and the modules or objects given in `extra`.

    Raises PluginError when a hook is misspelled, or when a workflow or a billing method is claimed
    twice; the message names the distributions.
    """
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(Hooks)
    manager.load_setuptools_entrypoints(GROUP)
    for plugin in extra:
        manager.register(plugin)
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise PluginError(f"A plug-in implements a hook that does not exist: {error}.") from error
    workflows = _brought(manager, "projops_workflows", "workflow")
    billing_methods = _brought(manager, "projops_billing_methods", "billing method")
    estimates = _brought(manager, "projops_utilization_estimates", "utilization estimate")
    return Plugins(
        workflows=tuple(workflows),
        billing_methods=tuple(billing_methods),
        utilization_estimates=tuple(estimates),
    )


def _brought(manager: pluggy.PluginManager, hook: str, kind: str) -> list[Any]:
    sources = _sources(manager)
    found: list[tuple[Any, str]] = []
    for implementation in getattr(manager.hook, hook).get_hookimpls():
        origin = sources.get(implementation.plugin_name, implementation.plugin_name)
        found.extend((item, origin) for item in implementation.function())
    for name, count in Counter(item.name for item, _ in found).items():
        if count > 1:
            owners = sorted(origin for item, origin in found if item.name == name)
            raise PluginError(
                f"The {kind} {name} is brought by more than one plug-in: {', '.join(owners)}.",
                "Uninstall all but one of them.",
            )
    return [item for item, _ in sorted(found, key=lambda pair: str(pair[0].name))]


def _sources(manager: pluggy.PluginManager) -> dict[str, str]:
    """Which distribution brought a plug-in, by the plug-in's name; objects need not be hashable."""
    named = ((manager.get_name(plugin), found) for plugin, found in manager.list_plugin_distinfo())
    return {name: f"{found.project_name} ({name})" for name, found in named if name is not None}
