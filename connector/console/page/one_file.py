"""A page as one file that needs nothing else: no script, no request, the page's own style inside."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from connector.console.page.assets import asset
from connector.console.page.templating import rendered


def one_file(template: str, context: Mapping[str, Any]) -> str:
    """A template that extends `one_file.html`; its policy lets through the one style that it names."""
    style = asset("page.css").decode()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    own = {"style": Markup(style), "style_digest": digest, "root": ""}  # noqa: S704  # our own file
    return rendered(template, {**context, **own})
