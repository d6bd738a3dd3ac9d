"""`projops provision --all-profiles`: one environment after the other; one that fails stops no other."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from connector.console.call import Call
from connector.console.change_run import kept
from connector.console.connection import Connection
from connector.console.memory import Deed
from connector.console.output import Envelope, Layout
from connector.console.written_file import write_lines
from connector.errors import PartlyDone, ProjopsError, Refused, SettingsError, UsageError
from connector.history.values import Kind
from connector.job.refusal import check_digest
from connector.provisioning.apply import Applied, apply_plan
from connector.provisioning.change import Plan
from connector.provisioning.current import Current
from connector.provisioning.plan import plan_job
from connector.provisioning.plan_markdown import failure_as_markdown, plan_as_markdown
from connector.provisioning.read import read_current
from connector.provisioning.report import as_json, as_text, summary
from connector.settings import Settings, profile_names

LAYOUT = Layout(
    "projops.provision_all/1",
    {"profile": "profiles"},
    ("profile", "environment", "outcome", "digest", "exit_code", "message"),
)
_NOT_WITH_ALL = ("profile", "dataverse_url", "expect_environment")


class Outcome(StrEnum):
    UNCHANGED = "unchanged"
    PENDING = "pending"
    APPLIED = "applied"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True)
class Wish:
    """What was asked for, the same for every environment."""

    is_applying: bool
    is_activating: bool
    start_with: str | None
    reason: str = ""


@dataclass(frozen=True)
class Place:
    """One environment: as far as one got there. `error` says why no further."""

    profile: str
    url: str = ""
    connection: Connection | None = None
    settings: Settings | None = None
    current: Current | None = None
    plan: Plan | None = None
    applied: Applied | None = None
    error: ProjopsError | None = None

    @property
    def exit_code(self) -> int:
        if self.error is not None:
            return self.error.exit_code
        if self.plan is not None and self.plan.refusals:
            return Refused.exit_code
        return 0 if self.applied is None or self.applied.error is None else self.applied.error.exit_code

    @property
    def outcome(self) -> Outcome:
        if self.exit_code == Refused.exit_code:
            return Outcome.REFUSED
        if self.exit_code or self.plan is None:
            return Outcome.FAILED
        if not self.plan.changes:
            return Outcome.UNCHANGED
        return Outcome.PENDING if self.applied is None else Outcome.APPLIED

    @property
    def message(self) -> str:
        """Why it came to this, in a few words."""
        if self.error is not None:
            return self.error.message
        assert self.plan is not None
        if self.plan.refusals:
            return self.plan.refusals[0].message
        if self.applied is not None and self.applied.error is not None:
            return self.applied.error.message
        return summary(self.plan, self.applied)


def provision_all(call: Call, wish: Wish, *, digest: str | None, markdown: Path | None) -> tuple[int, bool]:
    """Plan everywhere, then apply everywhere; the exit code, and whether changes are pending.

    The code is 0 where every environment came out well, the one that all share where all failed alike,
    else 5. Raises UsageError, SettingsError for a project file without profiles, Refused for another digest.
    """
    if given := [name for name in _NOT_WITH_ALL if call.flags.get(name)]:
        named = ", ".join(
            f"--{'url' if name == 'dataverse_url' else name.replace('_', '-')}" for name in given
        )
        raise UsageError(f"--all-profiles does not go with {named}.", "Each profile says that for itself.")
    names = profile_names()
    if not names:
        raise SettingsError(
            "projops.toml in this folder names no profile.", "Write [profiles.NAME] for each environment."
        )
    with ExitStack() as stack:
        planned = [_planned(call, stack, name, wish) for name in names]
        together = digest_of(planned)
        check_digest(together, digest)
        if markdown is not None:
            write_lines(markdown, _markdown(planned))
        done: list[Place] = []
        places = _applied(call, wish, planned, done) if wish.is_applying else _kept(planned, done)
        call.show(
            LAYOUT,
            Envelope(LAYOUT.schema, "", datetime.now(UTC)),
            stream=lambda: _stream(places, done, together),
            text=lambda: _text(places, done, together),
            is_acting=wish.is_applying,
        )
    return exit_code_of(done), any(place.outcome is Outcome.PENDING for place in done)


def exit_code_of(places: Sequence[Place]) -> int:
    codes = {place.exit_code for place in places}
    return codes.pop() if len(codes) == 1 else PartlyDone.exit_code


def digest_of(places: Iterable[Place]) -> str:
    """sha256 over the digests of all plans; an environment without one has its place in it too."""
    lines = (f"{place.profile} {place.plan.digest if place.plan else '-'}\n" for place in places)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _planned(call: Call, stack: ExitStack, name: str, wish: Wish) -> Place:
    url = ""
    try:
        with ExitStack() as inner:
            more = {"profile": name, "job": {"start_with": wish.start_with}}
            url = call.settings(more).require_url()
            connection, settings = inner.enter_context(call.connected(more))
            current = read_current(connection.environment(settings.rules))
            plan = plan_job(
                current,
                settings.job,
                settings.rules,
                is_activating=wish.is_activating,
                limits=settings.limits,
            )
            stack.enter_context(inner.pop_all())
    except ProjopsError as error:
        return Place(name, url, error=error)
    return Place(name, url, connection, settings, current, plan)


def _applied(call: Call, wish: Wish, planned: Iterable[Place], done: list[Place]) -> Iterator[Place]:
    for place in planned:
        done.append(_apply(call, wish, place))
        yield done[-1]


def _kept(planned: Iterable[Place], done: list[Place]) -> Iterator[Place]:
    for place in planned:
        done.append(place)
        yield place


def _apply(call: Call, wish: Wish, place: Place) -> Place:
    plan, current = place.plan, place.current
    if plan is None:
        return place
    assert place.connection is not None
    assert place.settings is not None
    assert current is not None
    at = place.connection.environment(place.settings.rules)
    deed = Deed(current.identity.name, wish.reason)

    def work() -> Applied:
        return apply_plan(at, current, plan)

    try:
        applied = kept(place.connection, place.settings, call.voice, plan, work, Kind.PROVISION, deed)
        return replace(place, applied=applied)
    except ProjopsError as error:
        return replace(place, error=error)


def _stream(places: Iterable[Place], done: list[Place], digest: str) -> Iterator[dict[str, Any]]:
    for place in places:
        yield {"kind": "profile", **_as_json(place)}
    yield {"kind": "result", "digest": digest, "exit_code": exit_code_of(done)}


def _as_json(place: Place) -> dict[str, Any]:
    plan: dict[str, Any] = (
        {"changes": [], "digest": None, "applied": False, "refused": []}
        if place.plan is None
        else as_json(place.plan, place.applied)
    )
    return {
        "profile": place.profile,
        "environment": place.url,
        "outcome": place.outcome.value,
        "exit_code": place.exit_code,
        "message": place.message,
        **plan,
    }


def _text(places: Iterable[Place], done: list[Place], digest: str) -> Iterator[str]:
    for place in places:
        yield f"{place.profile}  {place.url}".rstrip()
        if place.plan is not None:
            yield from (f"  {line}".rstrip() for line in as_text(place.plan, place.applied))
        if place.error is not None:
            yield from (f"  {line}" for line in (place.error.message, place.error.hint) if line)
        yield ""
    yield "Summary"
    width = max(len(place.profile) for place in done)
    for place in done:
        yield f"  {place.profile:<{width}}  {place.outcome.value:<9}  {place.message}"
    counts = [(sum(place.outcome is one for place in done), one.value) for one in Outcome]
    told = ", ".join(f"{count} {word}" for count, word in counts if count)
    noun = "profile" if len(done) == 1 else "profiles"
    yield f"{len(done)} {noun}: {told}. Digest {digest}"


def _markdown(places: Iterable[Place]) -> Iterator[str]:
    for place in places:
        if place.plan is None:
            yield from failure_as_markdown(place.profile, place.url, place.message)
        else:
            yield from plan_as_markdown(place.plan, place.profile, place.url)
