"""Which proxy stands between this machine and an address, as the process environment or the system says."""

from __future__ import annotations

import os
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass


def way_to(url: str) -> str:
    """How requests to an address leave this machine, for a sentence: "by the proxy …" or "without a proxy".

    Names and passwords of the proxy are left out.
    """
    parts = urlsplit(url)
    proxies = getproxies()
    found = proxies.get(parts.scheme) or proxies.get("all")
    name = f"{parts.scheme.upper()}_PROXY"
    if not found:
        return f"without a proxy ({name} is not set)"
    if proxy_bypass(parts.hostname or ""):
        return "without a proxy, since NO_PROXY has it"
    said = next((one for one in (name, name.lower(), "ALL_PROXY", "all_proxy") if os.environ.get(one)), "")
    proxy = urlsplit(found if "://" in found else f"http://{found}")
    host = f"{proxy.scheme}://{proxy.hostname or ''}" + (f":{proxy.port}" if proxy.port else "")
    return f"by the proxy {host} ({said or 'the settings of the system'})"
