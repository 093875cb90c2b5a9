"""Which token servers a registry may send us to: not where a login would be seen, nor into our network."""

from __future__ import annotations

import socket
import urllib.parse
from collections.abc import Callable

from action.errors import Problem, RegistryError
from action.registry.credentials.auth import Credentials
from action.registry.http.hosts import is_loopback, is_private, web_address

Resolve = Callable[[str], frozenset[str]]
"""The addresses of a host; none when the name service does not know it."""


def check_realm(host: str, realm: str, credentials: Credentials, resolve: Resolve | None = None) -> None:
    """Raise RegistryError unless ``realm`` may be asked for a token for ``host``.

    A password never crosses a network in the clear because a registry's answer says so. And a registry that is on
    the Internet has no business with a server in our network: it would have us ask there in its name, with a login.
    """
    netloc = urllib.parse.urlsplit(web_address(host, realm)).netloc
    if realm.startswith("http:") and not credentials.anonymous and not is_loopback(netloc):
        raise _refused(
            "plain-token-server",
            f"{host} sends its logins to http://{netloc}, which is not encrypted",
            "use a registry whose token server speaks HTTPS, or pull without a login",
        )
    known = resolve or addresses
    if any(map(is_private, known(_name(netloc)))) and _is_public(known(_name(host))):
        raise _refused(
            "private-token-server",
            f"{host} sends us for a token to {netloc}, an address in a private network, and is in none itself",
            "ask the registry's operator, or use a mirror",
        )


def addresses(name: str) -> frozenset[str]:
    """As the machine's name service has them; an address is its own."""
    try:
        return frozenset(str(found[4][0]) for found in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError):
        return frozenset()


def _is_public(found: frozenset[str]) -> bool:
    return bool(found) and not any(map(is_private, found))


def _name(netloc: str) -> str:
    return urllib.parse.urlsplit(f"//{netloc}").hostname or ""


def _refused(code: str, message: str, hint: str) -> RegistryError:
    return RegistryError(Problem(code, message, hint), status=401)
