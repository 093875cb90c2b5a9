"""Where a registry host is on the network, and whether it speaks plain HTTP."""

from __future__ import annotations

import ipaddress
import urllib.parse
from collections.abc import Collection, Mapping
from typing import NamedTuple

from action.errors import InputError, Problem, RegistryError
from action.model.reference import DOCKER_HUB
from action.model.wording import printable

_HUB_ENDPOINT = "registry-1.docker.io"


class Endpoint(NamedTuple):
    """``host`` is whose credentials and limits apply, ``base`` the URL before ``/v2/``, ``prefix`` a mirror's path."""

    host: str
    base: str
    prefix: str = ""


def web_address(host: str, text: str, base: str = "") -> str:
    """An address that ``host`` has sent, as a whole URL; raises RegistryError ``bad-address``.

    ``base`` is what it is relative to.
    """
    try:
        url = urllib.parse.urljoin(base, text) if base else text
        parts = urllib.parse.urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:  # half a bracket, a port that is no number
        good = False
    if not good:
        where = printable(text.partition("?")[0])  # behind it may be a signature
        message = f"{host} sends us to {where!r}, which is not a web address"
        raise RegistryError(Problem("bad-address", message, "ask the registry's operator, or use a mirror"))
    return url


def is_private(address: str) -> bool:
    """Whether an IP address is of a network of one's own, where a stranger has no business."""
    try:
        return not ipaddress.ip_address(address.partition("%")[0]).is_global
    except ValueError:
        return False


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
