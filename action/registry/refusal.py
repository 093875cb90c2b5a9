"""An answer that nobody wanted -> a RegistryError with host, status, registry code and a remedy, never a token."""

from __future__ import annotations

import json
import urllib.parse

from action.errors import Problem, RegistryError

_TEXT_LIMIT = 200
_HINTS = {
    401: "log in with an account that may read this repository",
    403: "log in with an account that may use this repository; a registry also says this of one that does not exist",
    404: "check the name and the tag",
    429: "log in, or try again later: most registries allow more to a known user",
}


def refusal(method: str, host: str, url: str, status: int, body: bytes) -> RegistryError:
    """The error for a status that was not expected; ``body`` is the registry's own explanation, if it gave one."""
    code, text = _explanation(body)
    said = f" ({code}: {text})" if code and text else f" ({code or text})" if code or text else ""
    message = f"{host} answers {status} to {method} {redacted(url)}{said}"
    hint = _HINTS.get(status, "the registry is unwell; try again later" if status >= 500 else "")
    return RegistryError(Problem("registry-refused", message, hint), status=status, registry_code=code or None)


def unreachable(method: str, host: str, url: str, reason: str, attempts: int) -> RegistryError:
    """The error for a request that never got a whole answer."""
    tries = "once" if attempts == 1 else f"{attempts} times"
    return RegistryError(
        Problem(
            "registry-unreachable",
            f"{host} cannot be read ({method} {redacted(url)}, tried {tries}): {reason}",
            "check the host name, the network and its proxy settings",
        )
    )


def redacted(url: str) -> str:
    """The URL without user and query: both can hold a secret (a signed CDN address, a token)."""
    parts = urllib.parse.urlsplit(url)
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _explanation(body: bytes) -> tuple[str, str]:
    """Code and message of the distribution specification's error body ({"errors": [{"code", "message"}]})."""
    try:
        first = json.loads(body)["errors"][0]
        return _clean(first.get("code")), _clean(first.get("message"))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        return "", ""


def _clean(value: object) -> str:
    text = value if isinstance(value, str) else ""
    return "".join(character for character in text if character.isprintable())[:_TEXT_LIMIT]
