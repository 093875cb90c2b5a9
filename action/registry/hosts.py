"""Where a registry host is on the network, and whether it speaks plain HTTP."""

from __future__ import annotations

import ipaddress
import urllib.parse
from collections.abc import Collection, Mapping
from typing import NamedTuple

from action.errors import InputError, Problem
from action.reference import DOCKER_HUB

_HUB_ENDPOINT = "registry-1.docker.io"


class Endpoint(NamedTuple):
    """``host`` is whose credentials and limits apply, ``base`` the URL before ``/v2/``, ``prefix`` a mirror's path."""

    host: str
    base: str
    prefix: str = ""


def is_loopback(host: str) -> bool:
    """Whether ``host`` (with or without a port) is this machine."""
    name = urllib.parse.urlsplit(f"//{host}").hostname or ""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def endpoint(domain: str, *, mirrors: Mapping[str, str], insecure: Collection[str]) -> Endpoint:
    """Where to ask for images of ``domain``. A mirror stands in for its host: the host itself is not asked."""
    mirror = mirrors.get(domain)
    if mirror is not None:
        url = urllib.parse.urlsplit(mirror)
        if url.scheme not in ("http", "https") or not url.netloc or url.query or url.fragment:
            raise InputError(
                Problem("bad-mirror", f"the mirror {mirror!r} of {domain} is not a URL", "write HOST=https://MIRROR")
            )
        prefix = url.path.strip("/").removeprefix("v2").strip("/")
        return Endpoint(url.netloc, f"{url.scheme}://{url.netloc}", f"{prefix}/" if prefix else "")
    scheme = "http" if domain in insecure or is_loopback(domain) else "https"
    return Endpoint(domain, f"{scheme}://{_HUB_ENDPOINT if domain == DOCKER_HUB else domain}")
