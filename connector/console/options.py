"""The options that commands share."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from connector.console.call import Call
from connector.console.failures import FaultLog
from connector.console.output import Format
from connector.console.voice import Voice

Apply = Annotated[bool, typer.Option("--apply", help="Do what the plan shows; without it nothing changes.")]
Digest = Annotated[
    str | None, typer.Option(metavar="SHA256", help="Go on only if the plan is still the one of this digest.")
]
Reason = Annotated[
    str | None, typer.Option(metavar="TEXT", help="Why; kept in the history where there is one.")
]
StartWith = Annotated[
    Literal["ProcessRunCaller", "ProcessRunner"] | None,
    typer.Option(help="ProcessRunCaller sleeps first, ProcessRunner invoices at once."),
]

CONNECTION = "Connection"
Profile = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="One of the environments in projops.toml, [profiles.NAME] [PROJOPS_PROFILE].",
        rich_help_panel=CONNECTION,
    ),
]
_OUTPUT_OPTIONS: dict[str, tuple[Any, Any]] = {
    "output": (
        Annotated[Format, typer.Option("--output", "-o", help="How the result is written to stdout.")],
        Format.TABLE,
    ),
    "quiet": (Annotated[bool, typer.Option("--quiet", "-q", help="Results and errors only.")], False),
    "verbose": (Annotated[bool, typer.Option("--verbose", "-v", help="Show each request.")], False),
}
_CONNECTION_OPTIONS: dict[str, tuple[Any, Any]] = {
    "profile": (Profile, None),
    "url": (
        Annotated[
            str | None,
            typer.Option(
                help="The environment, https://ORG.crm.dynamics.com or emulator:FILE [DATAVERSE_URL].",
                rich_help_panel=CONNECTION,
            ),
        ],
        None,
    ),
    "expect_environment": (
        Annotated[
            str | None,
            typer.Option(
                metavar="NAME",
                help="Stop unless the environment says that this is its name or id "
                "[PROJOPS_EXPECT_ENVIRONMENT].",
                rich_help_panel=CONNECTION,
            ),
        ],
        None,
    ),
    "tenant_id": (
        Annotated[str | None, typer.Option(help="The tenant [AZURE_TENANT_ID].", rich_help_panel=CONNECTION)],
        None,
    ),
    "client_id": (
        Annotated[
            str | None, typer.Option(help="The application [AZURE_CLIENT_ID].", rich_help_panel=CONNECTION)
        ],
        None,
    ),
    "authority_host": (
        Annotated[
            str | None,
            typer.Option(
                help="Another sign-in host than Microsoft's [AZURE_AUTHORITY_HOST].",
                rich_help_panel=CONNECTION,
            ),
        ],
        None,
    ),
    "ca_file": (
        Annotated[
            Path | None,
            typer.Option(help="Certificate authorities, PEM [PROJOPS_CA_FILE].", rich_help_panel=CONNECTION),
        ],
        None,
    ),
}


def local(command: Callable[..., None]) -> Callable[..., None]:
    """A command that is given a `Call` first and has the options of output."""
    return _with_options(command, _OUTPUT_OPTIONS)


def connected_to_environment(command: Callable[..., None]) -> Callable[..., None]:
    """A command that is given a `Call` first and has the options of output and of the connection."""
    return _with_options(command, {**_OUTPUT_OPTIONS, **_CONNECTION_OPTIONS})


def _with_options(
    command: Callable[..., None], options: Mapping[str, tuple[Any, Any]]
) -> Callable[..., None]:
    @wraps(command)
    def wrapper(context: typer.Context, **given: Any) -> None:
        log = context.find_root().obj
        common = {name: given.pop(name) for name in options}
        call = _call_of(common, log if isinstance(log, FaultLog) else FaultLog())
        command(replace(call, surplus=tuple(context.args)), **given)

    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
    context = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in options.items()
    ]
    parameters = [context, *own, *added]
    # Typer reads a command's options from its signature.
    wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapper.__annotations__ = {one.name: one.annotation for one in parameters}
    return wrapper


def _call_of(common: dict[str, Any], log: FaultLog) -> Call:
    voice = Voice(is_quiet=common.pop("quiet"), is_verbose=common.pop("verbose"))
    voice.listen()
    form = common.pop("output")
    if "url" in common:
        common["dataverse_url"] = common.pop("url")
    return Call(form=form, voice=voice, flags=common, log=log)
