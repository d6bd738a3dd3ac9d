"""POST, PUT and DELETE of the metadata API: who answers, and whether the caller may."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from connector.emulator.problems import not_implemented, wrong_verb
from connector.emulator.protocol.address import Options, Segment
from connector.emulator.protocol.context import Context
from connector.emulator.protocol.customizing.columns import create_column, delete_column, update_column
from connector.emulator.protocol.customizing.content import NAMESPACE
from connector.emulator.protocol.customizing.option_sets import (
    create_option_set,
    delete_option_set,
    update_option_set,
)
from connector.emulator.protocol.customizing.relationships import (
    create_relationship,
    delete_relationship,
    update_relationship,
)
from connector.emulator.protocol.customizing.tables import create_table, delete_table, update_table
from connector.emulator.protocol.messages import Response
from connector.emulator.protocol.metadata_lookup import OPTION_SETS, RELATIONSHIPS, TABLES

_RIGHTS = {"POST": "Create", "PUT": "Write", "DELETE": "Delete"}


def change_metadata(context: Context, segments: list[Segment], options: Options) -> Response:
    """Everything but GET, and but alternate keys."""
    options.only()
    method = context.request.method
    if method == "PATCH":
        raise wrong_verb(method, "metadata, which is changed by PUT of a whole definition")
    if method not in _RIGHTS:
        raise wrong_verb(method, "metadata")
    if context.request.header("if-match") not in (None, "*"):
        raise not_implemented("If-Match with an etag on metadata")
    first, *rest = segments
    if rest and rest[-1].name.startswith(NAMESPACE):
        rest.pop()  # the type of what is changed, which its body names too
    path = "/".join(segment.name for segment in (first, *rest))
    what, handlers = _KINDS.get(path, ("", {}))
    handler = handlers.get((method, (rest or [first])[-1].args is not None))
    if handler is None or (rest and first.args is None):
        raise wrong_verb(method, path)
    context.registry.check_customizing(context.tx, context.caller, _RIGHTS[method], what)
    return handler(context, first, *rest)


_KINDS: Mapping[str, tuple[str, Mapping[tuple[str, bool], Callable[..., Response]]]] = {
    TABLES: (
        "Entity",
        {("POST", False): create_table, ("PUT", True): update_table, ("DELETE", True): delete_table},
    ),
    f"{TABLES}/Attributes": (
        "Attribute",
        {("POST", False): create_column, ("PUT", True): update_column, ("DELETE", True): delete_column},
    ),
    RELATIONSHIPS: (
        "Relationship",
        {
            ("POST", False): create_relationship,
            ("PUT", True): update_relationship,
            ("DELETE", True): delete_relationship,
        },
    ),
    OPTION_SETS: (
        "OptionSet",
        {
            ("POST", False): create_option_set,
            ("PUT", True): update_option_set,
            ("DELETE", True): delete_option_set,
        },
    ),
}
"""What a privilege is called, and who answers: by the path, the method, and whether one is named."""
