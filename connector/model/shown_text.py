"""Text from an environment on its way to a person: what it could do to a terminal or a build is taken out."""

from __future__ import annotations

import re

_COMMAND = re.compile(r"(?m)^(\s*):(?=:)")
"""What GitHub's runner takes for a command: two colons at the beginning of a line."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


# What means something inside a line, a scheme that makes a link, and what makes a block of a line's start.
_IN_MARKDOWN = re.compile(r"([\\`*_\[\]|~>@!]|:(?=//)|^[#+\-=]|(?<=^\d)[.)])")


def without_controls(text: str) -> str:
    """The text with a sign in place of each control character, those that turn the direction among them."""
    return _CONTROL.sub("�", text)


def harmless(text: str) -> str:
    """Text without control characters and without the commands that build services read from logs.

    A name may hold line feeds: each of its lines is looked at.
    """
    shown = without_controls(text).replace("##vso[", "## vso[").replace("##[", "## [")
    return _COMMAND.sub(r"\1: ", shown)


def one_line(text: str) -> str:
    """`harmless`, with all white space evened out to single blanks."""
    return harmless(" ".join(text.split()))


def in_markdown(text: str) -> str:
    """`one_line` that stays text in Markdown and in HTML."""
    plain = one_line(text).replace("&", "&amp;").replace("<", "&lt;")
    return _IN_MARKDOWN.sub(r"\\\1", plain)
