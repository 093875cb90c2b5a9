"""An answer that nobody wanted -> a RegistryError with host, status, registry code and a remedy, never a token."""

from __future__ import annotations

import socket
import ssl
import urllib.parse

from action.errors import Problem, RegistryError
from action.model.json_text import read_json
from action.model.wording import printable

_NOT_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"})  # OpenSSL's words for it
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


def hopeless(error: BaseException) -> str | None:
    """What to do about a failure that would be the same at every further attempt; None for one that may pass."""
    chain = [error, error.__cause__, *error.args]
    if any(isinstance(one, socket.gaierror) and one.errno == socket.EAI_NONAME for one in chain):
        return "check the host name: the name service says that there is no such host"
    if any(isinstance(one, ssl.SSLCertVerificationError) for one in chain):
        return "name the file of its certificate authority in SSL_CERT_FILE"
    if any(isinstance(one, ssl.SSLError) and one.reason in _NOT_TLS for one in chain):
        return "it speaks plain HTTP: list the host under insecure in imagebuild.yaml, or give --insecure"
    return None


def unreachable(
    method: str, host: str, url: str, reason: str, attempts: int, hint: str | None = None
) -> RegistryError:
    """The error for a request that never got a whole answer."""
    tries = "once" if attempts == 1 else f"{attempts} times"
    return RegistryError(
        Problem(
            "registry-unreachable",
            f"{host} cannot be read ({method} {redacted(url)}, tried {tries}): {reason}",
            hint or "check the host name, the network and its proxy settings",
        )
    )


def redacted(url: str) -> str:
    """The URL without user and query: both can hold a secret (a signed CDN address, a token)."""
    try:
        parts = urllib.parse.urlsplit(url)
    except ValueError:
        return "an address that cannot be read"
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _explanation(body: bytes) -> tuple[str, str]:
    """Code and message of the distribution specification's error body ({"errors": [{"code", "message"}]})."""
    try:
        first = read_json(body)["errors"][0]  # type: ignore[index]  # whatever it is not, is caught
        return _clean(first.get("code")), _clean(first.get("message"))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        return "", ""


def _clean(value: object) -> str:
    return printable(value) if isinstance(value, str) else ""
