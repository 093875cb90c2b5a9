"""ImageReference: what a container image is called, in the grammar that container runtimes use.

The rules are those of github.com/distribution/reference (``ParseNormalizedNamed``): the first component is a
domain when it has a dot, a colon or an upper-case letter, or is ``localhost``; otherwise the image is on Docker Hub,
where a name of one component means ``library/<name>``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from generator.errors import InputError, Problem

DOCKER_HUB = "docker.io"
_HUB_ALIASES = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})

_DOMAIN_COMPONENT = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = re.compile(rf"(?:{_DOMAIN_COMPONENT}(?:\.{_DOMAIN_COMPONENT})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?", re.ASCII)
_PATH = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*", re.ASCII)
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128}", re.ASCII)
_HEX_ONLY = re.compile(r"[a-f0-9]{64}", re.ASCII)
NAME_MAX_LENGTH = 255


@dataclass(frozen=True, slots=True)
class ImageReference:
    """An image reference that is valid by construction; two ways to write one image compare equal.

    ``domain`` has its port (``localhost:5000``), ``path`` is the repository without the domain
    (``library/nginx``), ``tag`` is ``latest`` when neither tag nor digest was written and None when only a digest
    was, ``written`` is the text it came from.
    """

    domain: str
    path: str
    tag: str | None
    digest: str | None
    written: str = field(compare=False)

    @classmethod
    def parse(cls, text: str) -> ImageReference:
        """Parse a reference as a container runtime does; raises InputError that says which part is wrong."""
        fault = _first_fault(text)
        if fault is not None:
            raise InputError(Problem("bad-reference", f"{text!r} is not an image reference: {fault}"))
        name, tag, digest = _split(text)
        domain, path = _domain_and_path(name)
        if tag is None and digest is None:
            tag = "latest"
        return cls(domain, path, tag, digest, text)

    @property
    def name(self) -> str:
        """Domain and path, as in ``docker.io/library/nginx``."""
        return f"{self.domain}/{self.path}"

    def __str__(self) -> str:
        text = self.name
        if self.tag is not None:
            text += f":{self.tag}"
        if self.digest is not None:
            text += f"@{self.digest}"
        return text


def _split(text: str) -> tuple[str, str | None, str | None]:
    name, _, digest = text.partition("@")
    tag = None
    head, colon, tail = name.rpartition(":")
    if colon and "/" not in tail and not tail.endswith("]"):
        name, tag = head, tail
    return name, tag, digest or None


def _domain_and_path(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    if slash and (any(c in first for c in ".:[") or first == "localhost" or first != first.lower()):
        domain, path = (DOCKER_HUB if first in _HUB_ALIASES else first), rest
    else:
        domain, path = DOCKER_HUB, name
    if domain == DOCKER_HUB and "/" not in path:
        path = f"library/{path}"
    return domain, path


def _first_fault(text: str) -> str | None:
    if not text:
        return "it is empty"
    if _HEX_ONLY.fullmatch(text):
        return "64 hexadecimal digits are an image id, not a name"
    name, tag, digest = _split(text)
    if "@" in text and (digest is None or not _DIGEST.fullmatch(digest)):
        return f"the digest {digest or ''!r} is not sha256:<64 hex digits> or sha512:<128 hex digits>"
    if tag is not None and not _TAG.fullmatch(tag):
        return f"the tag {tag!r} is not letters, digits, '_', '.' and '-' (128 at most, no leading '.' or '-')"
    if not name:
        return "the name is missing"
    domain, path = _domain_and_path(name)
    if not _DOMAIN.fullmatch(domain):
        return f"the domain {domain!r} is not a host name, optionally with a port"
    if not _PATH.fullmatch(path):
        if path != path.lower():
            return f"the path {path!r} has upper-case letters"
        return f"the path {path!r} is not lower-case words joined by '.', '_', '__', '-' or '/'"
    if len(domain) + 1 + len(path) > NAME_MAX_LENGTH:
        return f"the name is longer than {NAME_MAX_LENGTH} characters"
    return None


def paths(reference: ImageReference) -> tuple[str, ...]:
    """The repositories under which nodes ask for an image; the first is the one to show.

    The shim knows a domain by its dot or colon (go-containerregistry 0.15), so ``localhost/foo`` keeps its first
    component there; newer ones drop it.
    """
    return (reference.path, f"localhost/{reference.path}") if reference.domain == "localhost" else (reference.path,)
