"""What commands leave behind, and the schemas that it has to fit."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from typing import Any

import jsonschema


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Projops = Callable[..., Done]


def schema_of(name: str) -> dict[str, Any]:
    text = resources.files("connector.console").joinpath("schemas", f"{name}.json").read_text("utf-8")
    found = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(found)
    return dict(found)


def check(instance: Any, schema: dict[str, Any]) -> None:
    """Hold an output to its schema, and to having no field beyond it."""
    jsonschema.Draft202012Validator(_closed(schema)).validate(instance)


def _closed(schema: Any) -> Any:
    """The schema as today's output has to fit it; the shipped one is open, since fields may be added."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(one) for name, one in schema.items()}
    return {"additionalProperties": False, **closed} if "properties" in closed else closed


def lines_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in io.StringIO(text)]
