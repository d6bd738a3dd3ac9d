"""The way from page to page: the next link, before and after a page is decoded."""

from __future__ import annotations

import re

import msgspec

from connector.dataverse.exchange.address import Origin, within
from connector.errors import ForeignOrigin, MalformedAnswer

_KEY = b'"@odata.nextLink"'
# The member that ends the answer's own object. An object inside would leave a second brace at the end, and
# a quotation mark within a text is escaped, so that neither can look like it.
_LAST_MEMBER = re.compile(rb'"@odata\.nextLink"\s*:\s*("(?:[^"\\]|\\.)*")\s*\}\s*')
# Links are as long as addresses can be; what is longer is found by decoding.
_TAIL = 70_000
_text = msgspec.json.Decoder(str)


class _LinkAlone(msgspec.Struct, rename={"next_link": "@odata.nextLink"}):
    next_link: str | None = None


_link_alone = msgspec.json.Decoder(_LinkAlone)


def last_link(content: bytes) -> str | None:
    """The next link of a page that ends with it, without decoding the page; None where it does not."""
    start = content.rfind(_KEY, max(0, len(content) - _TAIL))
    found = _LAST_MEMBER.fullmatch(content, start) if start >= 0 else None
    if found is None:
        return None
    try:
        return _text.decode(found[1])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def link_of(content: bytes) -> str | None:
    """The next link of a page, wherever it stands; None where there is none, or where it is no page."""
    if (link := last_link(content)) is not None or _KEY not in content:
        return link
    try:
        return _link_alone.decode(content).next_link
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


class Trail:
    """The addresses of one question's pages: all in the environment, none twice."""

    def __init__(self, origin: Origin, url: str, what: str) -> None:
        """`what` names the question in errors."""
        self.link = url
        self._origin = origin
        self._what = what
        # Brent's marks find a circle of any length, and keep one address.
        self._mark, self._count, self._lap = "", 0, 1

    def after(self, next_link: str | None) -> str | None:
        """The address of the page after this one, None where this is the last one.

        Raises ForeignOrigin when it leaves the environment, and MalformedAnswer when it was there before.
        """
        if not next_link:
            return None
        following = within(self._origin, next_link, self.link, f"The next page of {self._what}")
        if following in {self.link, self._mark}:
            raise MalformedAnswer(f"The pages of {self._what} lead in a circle: {following} comes again.")
        return following

    def likely_after(self, content: bytes) -> str | None:
        """The same from the end of the page's bytes; None where that does not tell, or tells of trouble."""
        try:
            return self.after(last_link(content))
        except (ForeignOrigin, MalformedAnswer):
            return None

    def go_on(self, following: str) -> None:
        """To the page at `following`, which `after` gave."""
        self._count += 1
        if self._count == self._lap:
            self._mark, self._lap = self.link, 2 * self._lap
        self.link = following
