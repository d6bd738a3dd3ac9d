"""A request and an answer as values, apart from any web framework: batches make them too."""

from __future__ import annotations

import fnmatch
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from connector.emulator.problems import ODataError, bad_request, not_implemented

_ENCODER = msgspec.json.Encoder(decimal_format="number")
JSON_TYPE = "application/json; odata.metadata=minimal"
FORMATTED = "OData.Community.Display.V1.FormattedValue"
_KNOWN_PREFERENCES = frozenset(
    {"return", "odata.include-annotations", "odata.maxpagesize", "odata.continue-on-error"}
    | {"odata.track-changes"}
)
# Headers that would change what a request does, and that nothing here can honour.
_UNSUPPORTED_HEADERS = (
    "mscrm.bypassbusinesslogicexecution",
    "mscrm.bypasscustompluginexecution",
    "mscrm.sessiontoken",
    "mscrm.solutionuniquename",
    "x-http-method",
    "x-http-method-override",
)
# Variants of the JSON form that are not written here.
_UNSUPPORTED_FORMATS = ("ieee754compatible=true", "odata.metadata=full", "odata.metadata=none")
MAX_QUERY = 32_768
MAX_BATCH_QUERY = 65_536


@dataclass(frozen=True)
class Request:
    """`path` is relative to the service root, still percent-encoded; header names are lower-case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    root: str  # https://host:port/api/data/v9.2
    longest_query: int = MAX_QUERY

    def header(self, name: str) -> str | None:
        return self.headers.get(name)

    @property
    def origin(self) -> str:
        return self.root.split("/api/", 1)[0]


@dataclass(frozen=True)
class Response:
    """`entity` is the address of the row that was written, for references inside a change set."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    entity: str = ""


@dataclass(frozen=True)
class Preferences:
    """What the Prefer header asks for; unknown preferences are refused by name."""

    wants_representation: bool = False
    annotations: tuple[str, ...] = ()
    page_size: int | None = None
    continue_on_error: bool = False
    track_changes: bool = False
    applied: tuple[str, ...] = ()

    def wants(self, annotation: str) -> bool:
        return any(fnmatch.fnmatchcase(annotation, pattern) for pattern in self.annotations)

    @property
    def headers(self) -> dict[str, str]:
        return {"Preference-Applied": ", ".join(self.applied)} if self.applied else {}


def parse_preferences(request: Request) -> Preferences:
    _refuse_unsupported(request)
    found: dict[str, str] = {}
    for item in _split_outside_quotes(request.header("prefer") or "", ","):
        name, _, value = item.partition("=")
        name = name.strip()
        if not name:
            continue
        if name.lower() not in _KNOWN_PREFERENCES:
            raise not_implemented(f"the preference {name}")
        found[name.lower()] = value.strip().strip('"')
    returns = found.get("return", "minimal")
    if returns not in ("minimal", "representation"):
        raise not_implemented(f"the preference return={returns}")
    patterns = found.get("odata.include-annotations", "")
    return Preferences(
        wants_representation=returns == "representation",
        annotations=tuple(p.strip() for p in patterns.split(",") if p.strip()),
        page_size=_page_size(found.get("odata.maxpagesize")),
        continue_on_error=found.get("odata.continue-on-error", "false").lower() in ("", "true"),
        track_changes="odata.track-changes" in found,
        applied=tuple(_applied(name, value) for name, value in found.items()),
    )


def _refuse_unsupported(request: Request) -> None:
    if "mscrm.mergelabels" in request.headers and "Definitions" not in request.path:
        raise not_implemented("the header mscrm.mergelabels on anything but metadata")
    for name in _UNSUPPORTED_HEADERS:
        if name in request.headers:
            raise not_implemented(f"the header {name}")
    if (request.header("mscrm.suppressduplicatedetection") or "").strip().lower() == "false":
        raise not_implemented("duplicate detection (the header MSCRM.SuppressDuplicateDetection: false)")
    for name in ("accept", "content-type"):
        given = (request.header(name) or "").lower().replace(" ", "")
        for form in _UNSUPPORTED_FORMATS:
            if form in given:
                raise not_implemented(f"the format {form}")


def _page_size(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or int(text[:9]) == 0:
        raise bad_request(f"The value '{text}' of the preference odata.maxpagesize is not a positive number.")
    return min(int(text[:9]), 5000)


def _applied(name: str, value: str) -> str:
    if name == "odata.include-annotations":
        return f'{name}="{value}"'
    return f"{name}={value}" if value else name


def _split_outside_quotes(text: str, separator: str) -> list[str]:
    parts, quoted = [""], False
    for character in text:
        quoted ^= character == '"'
        if character == separator and not quoted:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def json_response(status: int, content: Any, headers: Mapping[str, str] | None = None) -> Response:
    all_headers = {"Content-Type": JSON_TYPE, "OData-Version": "4.0", **(headers or {})}
    return Response(status, all_headers, _ENCODER.encode(content))


def empty_response(headers: Mapping[str, str] | None = None, status: int = 204) -> Response:
    return Response(status, {"OData-Version": "4.0", **(headers or {})})


def error_response(error: ODataError, preferences: Preferences | None = None) -> Response:
    body: dict[str, Any] = {"code": error.code, "message": error.message}
    if preferences and preferences.annotations:
        extras = {
            "Microsoft.PowerApps.CDS.ErrorDetails.OperationStatus": "0",
            "Microsoft.PowerApps.CDS.ErrorDetails.SubErrorCode": "0",
            "Microsoft.PowerApps.CDS.HelpLink": "",
            "Microsoft.PowerApps.CDS.TraceText": "",
            "Microsoft.PowerApps.CDS.InnerError.Message": error.message,
        }
        body |= {f"@{name}": value for name, value in extras.items() if preferences.wants(name)}
    return json_response(error.status, {"error": body}, {**error.headers, "REQ_ID": str(uuid.uuid4())})


def json_number(number: Decimal) -> msgspec.Raw:
    """An exact JSON number with its trailing zeros, never with an exponent."""
    return msgspec.Raw(format(number, "f").encode())
