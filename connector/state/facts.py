"""What is written down, as JSON: texts, numbers, lists and dictionaries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec

Facts: TypeAlias = Mapping[str, Any]


def text_of(facts: object) -> str:
    return msgspec.json.encode(facts, enc_hook=str).decode()


def facts_of(text: str) -> Facts:
    return dict(msgspec.json.decode(text))
