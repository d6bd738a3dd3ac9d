"""`projops doctor`: where each setting came from, how one is signed in, and how far that gets."""

from __future__ import annotations

import typer

from connector.console.call import Call
from connector.console.options import connected_to_environment
from connector.console.output import Envelope, Layout

LAYOUT = Layout(
    "projops.doctor/1",
    {"setting": "settings", "step": "steps"},
    ("name", "variable", "value", "source", "is_secret", "outcome", "detail", "hint"),
)
NOT_SOUND = 1


@connected_to_environment
def doctor(call: Call) -> None:
    """Say where the settings came from, which sign-in is taken and why, and how far it gets.

    The steps: sign-in, address, authority, token, application user, roles, solution and version, tables,
    privileges, feature flags, time zones. Changes nothing. Exits 1 when a step fails.

    Examples:

      projops doctor

      projops doctor -o json
    """
    from contextlib import ExitStack

    from connector.console.doctor.report import doctor_as_json, doctor_as_text, is_sound
    from connector.console.doctor.step import examine
    from connector.console.doctor.steps import STEPS, Visit
    from connector.settings.told import told, without_secrets

    settings = call.settings()
    with ExitStack() as stack:
        visit = Visit(settings, call.voice, stack)
        steps = list(examine(STEPS, visit))
        lines = told(settings)
        environment = visit.environment or without_secrets(settings.dataverse_url)
        call.show(
            LAYOUT,
            Envelope(LAYOUT.schema, environment, visit.now),
            stream=lambda: LAYOUT.stream_of(doctor_as_json(lines, steps, visit.reason)),
            text=lambda: doctor_as_text(lines, steps),
        )
    if not is_sound(steps):
        raise typer.Exit(NOT_SOUND)
