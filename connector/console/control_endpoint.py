"""The control endpoint of a running emulator, asked from another process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.console.call import Call
from connector.console.embedded import open_embedded
from connector.errors import StateFileError, UsageError

if TYPE_CHECKING:
    from requests import Response

At = Annotated[
    str | None,
    typer.Option("--at", metavar="FILE|CONTROL_URL", help="Which emulator; else DATAVERSE_URL says."),
]


@contextmanager
def control_url_of(call: Call, at: str | None, *, is_served: bool) -> Iterator[str]:
    """The control address of the emulator that is meant, as long as it is needed.

    With `is_served` it has to be served by another process: what is asked for would end with this one.
    """
    place = at or _file_of(call)
    if place.lower().startswith(("http://", "https://")):
        yield place
        return
    if not Path(place).exists():
        raise StateFileError(f"There is no {place}.", "Make it with `projops emulator seed`.")
    with open_embedded(Path(place)) as emulator:
        if is_served and not emulator.is_attached:
            raise StateFileError(
                f"{place} is not being served, and trouble lives in the emulator that runs.",
                f"Start it with `projops emulator serve {place}`.",
            )
        yield emulator.control_url


def ask(
    control_url: str, path: str, method: str = "GET", body: dict[str, Any] | None = None, *, member: str
) -> dict[str, Any]:
    """One request to the endpoint; the object that it answers, which has this member.

    Raises UsageError for what it refuses, StateFileError where none answers or the address is another's.
    """
    content = None if body is None else json.dumps(body).encode()
    return _member_of(_request(control_url, path, method, content), control_url, member)


def upload(control_url: str, path: str, content: bytes, *, member: str) -> dict[str, Any]:
    """POST bytes; as `ask` otherwise."""
    return _member_of(_request(control_url, path, "POST", content), control_url, member)


def download(control_url: str, path: str) -> bytes:
    """GET bytes. Raises StateFileError where none answers or the address is another's."""
    answer = _request(control_url, path, "GET")
    if not answer.ok:
        raise _another(control_url, answer.status_code)
    return answer.content


def _request(control_url: str, path: str, method: str, content: bytes | None = None) -> Response:
    import requests

    try:
        with requests.Session() as session:
            session.trust_env = False  # a loopback address is no business of a proxy
            # No limit: a clock that moves over years returns when all the jobs have run.
            return session.request(method, f"{control_url.rstrip('/')}/{path}", data=content, timeout=None)
    except requests.RequestException as error:
        raise StateFileError(
            f"No emulator answers at {control_url}: {type(error).__name__}.", "Is it still being served?"
        ) from None


def _member_of(answer: Response, control_url: str, member: str) -> dict[str, Any]:
    found = _object_in(answer.text)
    if answer.ok and member in found:
        return found
    if "error" in found and answer.status_code != HTTPStatus.NOT_FOUND:
        raise UsageError(str(found["error"]))
    raise _another(control_url, answer.status_code)


def _another(control_url: str, status: int) -> StateFileError:
    return StateFileError(
        f"{control_url} is not the control address of an emulator that is served now (it answers {status}).",
        "It changes with each start: take the one that `projops emulator serve` printed last.",
    )


def _file_of(call: Call) -> str:
    url = call.settings().dataverse_url
    scheme, _, name = url.partition(":")
    if scheme.lower() != "emulator" or not name:
        raise UsageError(
            "Which emulator is meant is not said.",
            "Give --at FILE, or --at with the control address that `projops emulator serve` printed.",
        )
    return name


def _object_in(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
