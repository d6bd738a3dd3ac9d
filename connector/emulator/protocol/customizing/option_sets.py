"""Global choices are created, changed and deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from connector.emulator.problems import DUPLICATE_NAME, bad_request, not_implemented
from connector.emulator.protocol.address import Segment
from connector.emulator.protocol.context import Context
from connector.emulator.protocol.customizing.answers import body, created, use
from connector.emulator.protocol.customizing.column_definition import read_options
from connector.emulator.protocol.customizing.content import Content
from connector.emulator.protocol.definitions import label, option_set_definition
from connector.emulator.protocol.messages import Response, empty_response
from connector.emulator.protocol.metadata_lookup import OPTION_SETS, find_member
from connector.emulator.schema import Own
from connector.emulator.schema.own import OwnOptionSet

_IN_USE = "0x80048417"


def create_option_set(context: Context, _: Segment) -> Response:
    content = body(context, "the global choice")
    if content.type_name != "OptionSetMetadata":
        raise not_implemented(f"global choices of the type {content.type_name[:100]!r}")
    name = content.name("Name")
    if any(one.name == name for one in context.schema.own.option_sets):
        raise bad_request(f"A global choice with the name '{name[:100]}' exists already.", DUPLICATE_NAME)
    content.same("OptionSetType", "Picklist")
    content.same("IsGlobal", True)
    made = OwnOptionSet(
        name=name,
        options=read_options(content),
        display_name=content.label("DisplayName") or name,
        told=_described(content),
    )
    content.end()
    use(context.tx, context.schema.own.with_more(Own(option_sets=(made,))))
    definition = option_set_definition(made)
    url = f"{context.request.root}/{OPTION_SETS}({definition['MetadataId']})"
    return created(context, url, definition)


def update_option_set(context: Context, first: Segment) -> Response:
    """Its labels; options are changed by InsertOptionValue and its like, which are not here."""
    before, definition = _option_set(context, first)
    content = body(context, f"the global choice {before.name}", definition)
    changed = replace(
        before,
        display_name=content.label("DisplayName") or before.display_name,
        told={**before.told, **_described(content)},
    )
    content.end()
    own = context.schema.own
    sets = tuple(changed if one is before else one for one in own.option_sets)
    use(context.tx, replace(own, option_sets=sets))
    return empty_response()


def delete_option_set(context: Context, first: Segment) -> Response:
    option_set, _ = _option_set(context, first)
    users = [
        t.logical_name for t in context.schema if any(c.option_set == option_set.name for c in t.columns)
    ]
    if users:
        message = f"This option set cannot be deleted. The entities {', '.join(users)} reference it."
        raise bad_request(message, _IN_USE)
    own = context.schema.own
    use(context.tx, replace(own, option_sets=tuple(s for s in own.option_sets if s is not option_set)))
    return empty_response()


def _option_set(context: Context, segment: Segment) -> tuple[OwnOptionSet, Mapping[str, Any]]:
    known = {one.name: one for one in context.schema.own.option_sets}
    definition = find_member([option_set_definition(one) for one in known.values()], segment)
    return known[definition["Name"]], definition


def _described(content: Content) -> dict[str, Any]:
    text = content.label("Description")
    return {} if text is None else {"Description": label(text)}
