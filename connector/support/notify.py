"""Posting a change of health to an address that is a secret: it stands in no message, log or error."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import requests

_TIMEOUT_S: Final = (10.0, 30.0)


def post(address: str, body: Mapping[str, Any], ca_file: Path | None = None) -> str:
    """Post JSON over https; "" when it was taken, else why not, in words without the address.

    Redirects are not followed, and no credentials of the machine (netrc) go along. `ca_file` holds the
    certificate authorities to believe, PEM.
    """
    if not address.lower().startswith("https://"):
        return "its address is not https"
    try:
        with requests.Session() as session:
            session.auth = _nobody
            answer = session.post(
                address,
                json=body,
                timeout=_TIMEOUT_S,
                allow_redirects=False,
                verify=True if ca_file is None else str(ca_file),
            )
    except requests.exceptions.SSLError:
        return "its certificate is not believed"
    except requests.exceptions.Timeout:
        return "there was no answer in time"
    except (requests.RequestException, UnicodeError, OSError):
        return "there was no connection"
    if 300 <= answer.status_code < 400:
        return f"it answered {answer.status_code}, a redirect, which is not followed"
    return "" if 200 <= answer.status_code < 300 else f"it answered {answer.status_code}"


def _nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
