"""The commands of `projops`, put together: only the one that is asked for is imported."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import Annotated, Any, Final

import typer

from connector import __version__

EXIT_CODES: Final = """
Exit codes: 0 done or nothing to do · 1 an expected error · 2 wrong usage · 3 findings · 4 refused by a
guard · 5 partly done · 70 a fault in the program, a log is written · 130 interrupted.
"""
# In the order of the help text; groups have commands of their own.
COMMANDS: Final = (
    "provision",
    "destroy",
    "verify",
    "status",
    "watch",
    "rerun",
    "run",
    "serve",
    "explain",
    "utilization",
    "doctor",
    "history",
    "console",
    "report",
)
GROUPS: Final = ("runs", "snapshot", "emulator")


def command_line(arguments: Sequence[str]) -> typer.Typer:
    """The command line for these arguments: with the command that they begin with, else with all."""
    first = arguments[0] if arguments else ""
    app = _bare()
    for name in COMMANDS if first not in GROUPS else ():
        if name == first or first not in COMMANDS:
            module = _module(name)
            settings: dict[str, Any] | None = getattr(module, "CONTEXT_SETTINGS", None)
            app.command(name, context_settings=settings)(getattr(module, name))
    for name in GROUPS if first not in COMMANDS else ():
        if name == first or first not in GROUPS:
            app.add_typer(_module(name).app, name=name)
    return app


def _module(name: str) -> ModuleType:
    return import_module(f"connector.console.commands.{name}")


def _bare() -> typer.Typer:
    app = typer.Typer(
        name="projops",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
        help="Looks after the recurring invoice job of Dynamics 365 Project Operations.\n\n"
        "Nothing is changed without --apply. Where: DATAVERSE_URL=https://ORG.crm.dynamics.com, or "
        "DATAVERSE_URL=emulator:sandbox.db to try it without an environment.\n" + EXIT_CODES,
    )
    app.callback()(projops)
    return app


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        sys.stdout.write(f"projops {__version__}\n")
        raise typer.Exit


def projops(
    version: Annotated[  # its callback does the work
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass
