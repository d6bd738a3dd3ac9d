"""AttributeMetadata to a column of one's own, and back into the schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from connector.emulator.problems import bad_request, not_implemented
from connector.emulator.protocol.customizing.content import Content
from connector.emulator.protocol.definitions import label, option_set_id
from connector.emulator.schema import Schema
from connector.emulator.schema.own import OwnColumn, Required, Type

_MONEY = 922_337_203_685_477
_DECIMAL = 100_000_000_000
_FIRST_OPTION = 100_000_000
"""Where values begin that a client leaves to the platform: a publisher's prefix of 10000."""
_REQUIRED: tuple[Required, ...] = ("None", "ApplicationRequired", "Recommended")


def is_text(given: Any) -> bool:
    return isinstance(given, str) and len(given) <= 100


def is_wrapped_text(given: Any) -> bool:
    return isinstance(given, dict) and is_text(given.get("Value"))


def is_true_or_false(given: Any) -> bool:
    return isinstance(given, bool) or (isinstance(given, dict) and isinstance(given.get("Value"), bool))


_TOLD: Mapping[str, Callable[[Any], bool]] = {
    "FormatName": is_wrapped_text,
    "ImeMode": is_text,
    "IsValidForAdvancedFind": is_true_or_false,
}


def read_column(
    content: Content, schema: Schema, before: OwnColumn | None = None, *, is_lookup: bool = False
) -> OwnColumn:
    """The column that a definition describes; `before` is how it stands when it is changed."""
    type_name = content.type_name.removeprefix("Complex").removesuffix("AttributeMetadata")
    if not content.type_name.endswith("AttributeMetadata") or not type_name:
        raise bad_request(f"'@odata.type' of {content.what} names no type of column.")
    if type_name == "Lookup" and not is_lookup:
        raise bad_request(
            f"{content.what}: a lookup is created with its relationship, in RelationshipDefinitions."
        )
    reader = _READERS.get(type_name)
    if reader is None:
        raise not_implemented(f"columns of the type {type_name[:100]}")
    if before is None:
        name = content.name("SchemaName")
        before = OwnColumn(name=name.lower(), schema_name=name, type=_type(type_name))
    elif before.type != type_name:
        raise bad_request(
            f"The type of '{before.name}' is {before.type} and cannot become {type_name[:100]}."
        )
    content.same("SchemaName", before.schema_name)
    content.same("LogicalName", before.name)
    content.one_of(
        "AttributeType", (type_name, *(("Virtual",) if type_name == "MultiSelectPicklist" else ()))
    )
    content.same("AttributeTypeName", {"Value": f"{type_name}Type"})
    column = replace(before, **_given(_common(content, before)))
    column = replace(column, **_given(reader(content, column, schema)))
    content.end()
    return column


def _type(name: str) -> Type:
    found: Type = name  # type: ignore[assignment]  # every key of _READERS is one
    return found


def _given(found: dict[str, Any]) -> dict[str, Any]:
    """What stood there: None is left as it is, an ellipsis means that there is none from now on."""
    return {name: None if value is ... else value for name, value in found.items() if value is not None}


def _common(content: Content, before: OwnColumn) -> dict[str, Any]:
    description = content.label("Description")
    level = content.take("RequiredLevel")
    if level is not None:
        level = Content(level, f"RequiredLevel of {content.what}").one_of("Value", _REQUIRED)
    told = content.told(_TOLD)
    if description is not None:
        told["Description"] = label(description)
    return {"display_name": content.label("DisplayName"), "required": level, "told": {**before.told, **told}}


def _string(content: Content, _: OwnColumn, __: Schema) -> dict[str, Any]:
    return {"max_length": content.integer("MaxLength", 1, 4000)} | _text_format(content, "Text")


def _memo(content: Content, _: OwnColumn, __: Schema) -> dict[str, Any]:
    return {"max_length": content.integer("MaxLength", 1, 1_048_576)} | _text_format(content, "TextArea")


def _text_format(content: Content, usual: str) -> dict[str, Any]:
    content.one_of("Format", (usual, "Text"))
    return {}


def _integer(content: Content, _: OwnColumn, __: Schema) -> dict[str, Any]:
    content.one_of("Format", ("None",))
    limits = {"min": content.integer("MinValue", -(1 << 31), (1 << 31) - 1)}
    return limits | {"max": content.integer("MaxValue", -(1 << 31), (1 << 31) - 1)}


def _decimal(content: Content, _: OwnColumn, __: Schema) -> dict[str, Any]:
    return _limits(content, _DECIMAL) | {"precision": content.integer("Precision", 0, 10)}


def _double(content: Content, _: OwnColumn, __: Schema) -> dict[str, Any]:
    return _limits(content, _DECIMAL) | {"precision": content.integer("Precision", 0, 5)}


def _money(content: Content, before: OwnColumn, _: Schema) -> dict[str, Any]:
    """PrecisionSource 0 takes Precision, 1 the organization's, 2 the currency's; both are 2 here."""
    source = content.integer("PrecisionSource", 0, 2)
    precision = content.integer("Precision", 0, 4)
    told = before.told if source is None else {**before.told, "PrecisionSource": source}
    return _limits(content, _MONEY) | {"precision": 2 if source else precision, "told": told}


def _limits(content: Content, most: int) -> dict[str, Any]:
    return {"min": content.number("MinValue", most), "max": content.number("MaxValue", most)}


def _date_time(content: Content, _: OwnColumn, __: Schema) -> dict[str, Any]:
    behaviors = ("UserLocal", "DateOnly", "TimeZoneIndependent")
    found = {"format": content.one_of("Format", ("DateOnly", "DateAndTime"))}
    return found | {"date_behavior": content.one_of("DateTimeBehavior", behaviors)}


def _boolean(content: Content, before: OwnColumn, _: Schema) -> dict[str, Any]:
    options = dict(before.options) or {"1": "True", "0": "False"}
    given = content.part("OptionSet")
    if given is not None:
        for name, value in (("TrueOption", "1"), ("FalseOption", "0")):
            option = given.part(name)
            if option is not None:
                option.same("Value", int(value))
                options[value] = option.label("Label") or options[value]
                option.end()
        given.same("OptionSetType", "Boolean")
        given.end()
    default = content.flag("DefaultValue")
    return {"options": options, "default": bool(before.default) if default is None else default}


def _choice(content: Content, before: OwnColumn, schema: Schema) -> dict[str, Any]:
    default = content.integer("DefaultFormValue", -1, (1 << 31) - 1)
    found: dict[str, Any] = {"default": ... if default == -1 else default}
    bound = content.text("GlobalOptionSet@odata.bind")
    given = content.part("OptionSet")
    if bound is not None:
        return found | {"option_set": _bound(bound, schema)}
    if given is None:
        if not before.options and not before.option_set:
            raise bad_request(f"{content.what} has neither OptionSet nor GlobalOptionSet@odata.bind.")
        return found
    if given.flag("IsGlobal"):
        raise not_implemented("a global choice inside of a column: bind one of GlobalOptionSetDefinitions")
    given.take("Name")
    given.same("OptionSetType", "Picklist")
    found["options"] = read_options(given)
    given.end()
    return found


def read_options(content: Content) -> dict[str, str]:
    """Value to label; a value that is missing is the next one that is free."""
    found: dict[str, str] = {}
    for option in content.parts("Options"):
        value = option.integer("Value", 0, (1 << 31) - 1)
        if value is None:
            value = max((int(one) + 1 for one in found), default=_FIRST_OPTION)
        if str(value) in found:
            raise bad_request(f"The option {value} of {content.what} stands there twice.")
        found[str(value)] = option.label("Label") or ""
        if option.label("Description"):
            raise not_implemented(f"a description of an option of {content.what}")
        option.end()
    if not found:
        raise bad_request(f"{content.what} has no options.")
    return found


def _bound(address: str, schema: Schema) -> str:
    """The name of the global choice that an address leads to."""
    _, found, key = address.partition("GlobalOptionSetDefinitions(")
    wanted = key.removesuffix(")").removeprefix("Name=").strip("'")
    for option_set in schema.own.option_sets:
        if found and wanted.lower() in (option_set.name, option_set_id(option_set.name)):
            return option_set.name
    raise bad_request(f"'{address[:200]}' leads to no global choice.")


def _lookup(content: Content, before: OwnColumn, _: Schema) -> dict[str, Any]:
    if before.targets:
        content.same("Targets", list(before.targets))
    return {}


_READERS: Mapping[str, Callable[[Content, OwnColumn, Schema], dict[str, Any]]] = {
    "String": _string,
    "Memo": _memo,
    "Integer": _integer,
    "Decimal": _decimal,
    "Double": _double,
    "Money": _money,
    "DateTime": _date_time,
    "Boolean": _boolean,
    "Picklist": _choice,
    "MultiSelectPicklist": _choice,
    "Lookup": _lookup,
}
