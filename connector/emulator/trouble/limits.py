"""The service protection limits as numbers. Defaults: Microsoft's page on API limits."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from connector.errors import UsageError


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one user may do within a sliding window; counted only with `is_on`.

    `requests`, `execution_s` (their summed duration) and `window_s` are documented, `simultaneous` is
    documented as 52 or more. `dop_hint` is the x-ms-dop-hint of every answer, None for no such header; its
    number is nowhere documented. `longest_pause_s` bounds the Retry-After, which doubles for whoever
    comes back before the pause is over: that it grows is documented, how is not.
    """

    is_on: bool = False
    requests: Annotated[int, Meta(ge=1)] = 6000
    execution_s: Annotated[float, Meta(gt=0)] = 1200.0
    simultaneous: Annotated[int, Meta(ge=1)] = 52
    window_s: Annotated[float, Meta(gt=0)] = 300.0
    dop_hint: Annotated[int, Meta(ge=1)] | None = 8
    longest_pause_s: Annotated[int, Meta(ge=1)] = 1200


# Looked into here, not by whichever requests come first (see platform/switches.py).
msgspec.json.Decoder(Limits)


def changed(limits: Limits, changes: dict[str, Any]) -> Limits:
    """The limits with some of their members changed. Raises UsageError that names what cannot be."""
    known = Limits.__struct_fields__
    for name in changes:
        if name not in known:
            raise UsageError(f"{name!r} is no limit.", f"There are: {', '.join(known)}.")
    try:
        return msgspec.convert({**msgspec.to_builtins(limits), **changes}, Limits)
    except msgspec.ValidationError as error:
        raise UsageError(f"These limits cannot be: {error}.") from error
