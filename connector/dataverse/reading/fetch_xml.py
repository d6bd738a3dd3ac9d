"""FetchXML: the question, and its pages by cookie. Source: `fetchxml/page-results`."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import msgspec

from connector.dataverse.query.query import LARGEST_PAGE
from connector.dataverse.reading.asker import Asker
from connector.errors import MalformedAnswer, UsageError

_CRM = "Microsoft.Dynamics.CRM."
_ANNOTATIONS = f'odata.include-annotations="{_CRM}fetchxmlpagingcookie,{_CRM}morerecords"'
_COOKIE = re.compile(r"""\bpagingcookie=(?:"([^"]*)"|'([^']*)')""")
_TRUE = frozenset({"1", "true"})


class _Marks(msgspec.Struct):
    """What an answer says of the pages that follow."""

    has_more: bool = msgspec.field(name=f"@{_CRM}morerecords", default=False)
    cookie: str | None = msgspec.field(name=f"@{_CRM}fetchxmlpagingcookie", default=None)
    next_link: str | None = msgspec.field(name="@odata.nextLink", default=None)


# Made here, not by whichever threads come first (see decoding.decoder_for).
_of_marks = msgspec.json.Decoder(_Marks)


class FetchQuestion:
    """A FetchXML text, page by page."""

    def __init__(self, text: str, logical_name: str, page_size: int) -> None:
        """Raises UsageError for what is no FetchXML about this table, and for pages asked for by hand."""
        self._root = _parsed(text)
        entity = self._root.find("entity")
        asked = entity.get("name") if entity is not None else None
        if self._root.tag != "fetch" or asked != logical_name:
            raise UsageError(
                f"The FetchXML asks for {asked or 'no table'}, and the table is {logical_name}.",
                f'It begins with <fetch><entity name="{logical_name}">.',
            )
        for name in ("page", "paging-cookie"):
            if name in self._root.attrib:
                raise UsageError(
                    f"The FetchXML has {name!r} in it.", "Leave it out: pages are followed here."
                )
        self._is_paged = "top" not in self._root.attrib and not self._is("aggregate")
        if self._is_paged:
            self._root.attrib.setdefault("count", str(page_size))

    def _is(self, name: str) -> bool:
        return self._root.get(name, "").lower() in _TRUE

    def contents(self, asker: Asker, entity_set: str) -> Iterator[bytes]:
        """The bodies of the answers, one for each page."""
        page, cookie = 1, None
        while True:
            content = asker.ask(entity_set, {"fetchXml": self._text(page, cookie)}, {"Prefer": _ANNOTATIONS})
            yield content.content
            marks = _marks(content.content, entity_set)
            if not (marks.has_more or marks.next_link):
                return
            if not self._is_paged:
                raise MalformedAnswer(
                    f"There is more than the one answer to this FetchXML about {entity_set}.",
                    "A question with top or aggregate has no pages: narrow it.",
                )
            following = _next_cookie(marks.cookie)
            if following is not None and following == cookie:
                raise MalformedAnswer(f"The pages of {entity_set} lead in a circle: a cookie comes again.")
            page, cookie = page + 1, following

    def _text(self, page: int, cookie: str | None) -> str:
        """Escaping the cookie is ElementTree's business."""
        if self._is_paged:
            self._root.set("page", str(page))
        self._root.attrib.pop("paging-cookie", None)
        if cookie is not None:
            self._root.set("paging-cookie", cookie)
        return ET.tostring(self._root, encoding="unicode")


def check_page_size(page_size: int) -> None:
    if not 1 <= page_size <= LARGEST_PAGE:
        raise UsageError(f"A page of {page_size} records cannot be.", f"Ask for 1 to {LARGEST_PAGE}.")


def _parsed(text: str) -> ET.Element:
    if "<!" in text.replace("<!--", ""):
        raise UsageError("FetchXML has no declarations of its own.", "Take <!DOCTYPE and the like out.")
    try:
        return ET.fromstring(text)  # noqa: S314 - the caller's own text, without declarations
    except ET.ParseError as error:
        raise UsageError(f"The FetchXML cannot be read: {error}.", "Check its tags and quotes.") from None


def _marks(content: bytes, what: str) -> _Marks:
    try:
        return _of_marks.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise MalformedAnswer(f"{what} was answered with something unexpected: {error}.") from error


def _next_cookie(annotation: str | None) -> str | None:
    """The cookie inside the annotation, which is XML with the cookie encoded twice in an attribute.

    None where there is none: some orders over linked tables have no cookie, and pages go by number alone
    then, which the service ends at 50,000 records.
    """
    found = _COOKIE.search(annotation or "")
    if found is None:
        return None
    return unquote(unquote(html.unescape(found[1] or found[2] or ""))) or None
