"""Refusals in the protocol's own words: an HTTP status, a service code and a message.

The codes are those of Dataverse's list of web service errors; a code of "0x0" stands where the
documented answer of the OData parser has it.
"""

from __future__ import annotations

OBJECT_DOES_NOT_EXIST = "0x80040217"
DUPLICATE_RECORD = "0x80040237"
DUPLICATE_KEY = "0x80060892"
KEY_NOT_FOUND = "0x80060891"
INVALID_ARGUMENT = "0x80040203"
VERSION_MISMATCH = "0x80060882"
PAYLOAD = "0x80048d19"
HTTP_ERROR = "0x8006088a"
QUERY_NOT_SUPPORTED = "0x80060888"
TEXT_TOO_LONG = "0x80044331"
CHOICE_OUT_OF_RANGE = "0x8004431a"
INTEGER_OUT_OF_RANGE = "0x8004432f"
NUMBER_OUT_OF_RANGE = "0x80044330"
INVALID_STATUS = "0x80048408"
TOO_MANY_RECORDS = "0x8004e023"
NOT_IMPLEMENTED = "0x80040219"
NOT_SUPPORTED = "0x80040315"
NOT_MEMBER = "0x80072560"
SQL_ERROR = "0x80044150"
USER_DISABLED = "0x80040225"
BUSINESS_ERROR = "0x80040265"
"""A plug-in of the product refuses."""
DUPLICATE_NAME = "0x80047010"
NOT_CUSTOMIZABLE = "0x8004f032"
PARSER = "0x0"


class ODataError(Exception):
    """An answer that refuses: raise it anywhere below the protocol, guards and handlers included."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}


def bad_request(message: str, code: str = PARSER) -> ODataError:
    return ODataError(400, code, message)


def not_implemented(what: str) -> ODataError:
    """Something real that this emulator does not do; the name of it is in the message."""
    return ODataError(501, NOT_IMPLEMENTED, f"The emulator does not implement {what}.")


def unknown_property(name: str, table: str) -> ODataError:
    return bad_request(f"Could not find a property named '{name}' on type 'Microsoft.Dynamics.CRM.{table}'.")


def unknown_segment(name: str) -> ODataError:
    return ODataError(404, HTTP_ERROR, f"Resource not found for the segment '{name}'.")


def row_not_found(table: str, id: str) -> ODataError:
    return ODataError(404, OBJECT_DOES_NOT_EXIST, f"Entity '{table}' With Id = {id} Does Not Exist")


def wrong_verb(method: str, what: str) -> ODataError:
    return ODataError(405, NOT_SUPPORTED, f"The request method '{method}' is not valid for {what}.")


def payload_error(message: str) -> ODataError:
    return bad_request(f"Error identified in Payload provided by the user: {message}", PAYLOAD)
