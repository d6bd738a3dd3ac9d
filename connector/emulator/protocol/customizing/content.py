"""The JSON object of a definition: each member is taken once, and what is left is refused by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from connector.emulator.problems import bad_request, not_implemented, payload_error

NAMESPACE = "Microsoft.Dynamics.CRM."
LANGUAGE = 1033
_SAYS_NOTHING: tuple[Any, ...] = (None, False, 0, "", [], {})


class Content:
    """`what` names the definition in refusals; members equal to how it stands (`present`) say nothing."""

    def __init__(self, given: Any, what: str, present: Mapping[str, Any] | None = None) -> None:
        if not isinstance(given, dict):
            raise payload_error(f"{what} is not a JSON object.")
        self.what = what
        self._left = {
            name: value
            for name, value in given.items()
            if not name.startswith("@odata.") and not (present and name in present and present[name] == value)
        }
        self.type_name = str(given.get("@odata.type", "")).removeprefix("#").removeprefix(NAMESPACE)

    def take(self, name: str) -> Any:
        return self._left.pop(name, None)

    def text(self, name: str) -> str | None:
        given = self.take(name)
        if given is not None and (not isinstance(given, str) or not given or len(given) > 4000):
            raise self._wrong(name, given, "a text")
        return given

    def name(self, name: str) -> str:
        """A SchemaName, which has to be there; what it may hold is the schema's business."""
        given = self.text(name)
        if given is None:
            raise bad_request(f"{name} of {self.what} is missing.")
        return given

    def flag(self, name: str) -> bool | None:
        given = self.take(name)
        if given is not None and not isinstance(given, bool):
            raise self._wrong(name, given, "true or false")
        return given

    def integer(self, name: str, least: int, most: int) -> int | None:
        given = self.take(name)
        if given is None:
            return None
        if isinstance(given, Decimal) and given == given.to_integral_value():
            given = int(given)
        if isinstance(given, bool) or not isinstance(given, int) or not least <= given <= most:
            raise self._wrong(name, given, f"a whole number from {least} to {most}")
        return given

    def number(self, name: str, most: int) -> Decimal | None:
        given = self.take(name)
        if given is None:
            return None
        number = Decimal(given) if isinstance(given, int | Decimal) else None
        if number is None or isinstance(given, bool) or abs(number) > most:
            raise self._wrong(name, given, f"a number from -{most} to {most}")
        return number

    def one_of(self, name: str, allowed: Iterable[str]) -> str | None:
        given = self.take(name)
        if isinstance(given, dict) and "Value" in given:
            given = given["Value"]
        if given is not None and given not in tuple(allowed):
            raise self._wrong(name, given, " or ".join(allowed))
        return None if given is None else str(given)

    def label(self, name: str) -> str | None:
        """The text of a Label in the one language of the emulator."""
        given = self.take(name)
        if given is None:
            return None
        labels = given.get("LocalizedLabels") if isinstance(given, dict) else None
        if not isinstance(labels, list) or not all(isinstance(one, dict) for one in labels):
            raise self._wrong(name, given, "a Label with LocalizedLabels")
        for one in labels:
            if one.get("LanguageCode") != LANGUAGE:
                language = str(one.get("LanguageCode"))[:20]
                raise not_implemented(f"labels in the language {language}: the emulator has {LANGUAGE}")
            if not isinstance(one.get("Label"), str):
                raise self._wrong(name, given, "a Label with LocalizedLabels")
        return str(labels[-1]["Label"])[:4000] if labels else None

    def part(self, name: str) -> Content | None:
        given = self.take(name)
        return None if given is None else Content(given, f"{name} of {self.what}")

    def parts(self, name: str) -> list[Content]:
        given = self.take(name)
        if given is None:
            return []
        if not isinstance(given, list) or len(given) > 1000:
            raise self._wrong(name, given, "a list")
        return [Content(one, f"{name} of {self.what}") for one in given]

    def told(self, read: Mapping[str, Callable[[Any], bool]]) -> dict[str, Any]:
        """Members that are kept as they are, each if it passes its check."""
        found = {}
        for name, is_right in read.items():
            given = self.take(name)
            if given is None:
                continue
            if not is_right(given):
                raise self._wrong(name, given, "another value")
            found[name] = given
        return found

    def same(self, name: str, expected: Any) -> None:
        """A member that only says again what is known otherwise."""
        given = self.take(name)
        if given is not None and given != expected:
            raise self._wrong(name, given, str(expected))

    def end(self) -> None:
        """Refuse what nobody took, unless it says nothing (null, false, 0, an empty text)."""
        for name, value in self._left.items():
            plain = value["Value"] if isinstance(value, dict) and "Value" in value else value
            if plain not in _SAYS_NOTHING:
                raise not_implemented(f"the member '{name[:100]}' of {self.what}")

    def _wrong(self, name: str, given: Any, wanted: str) -> Exception:
        return bad_request(f"{name} of {self.what} is {str(given)[:100]!r}; wanted is {wanted}.")
