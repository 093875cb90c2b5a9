"""Text that may be an image reference: what it is, and how much it looks like one (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from action.discovery.evidence.registries import is_label_prefix
from action.errors import InputError
from action.model.reference import ImageReference

_EXPRESSION = re.compile(r"\{\{|\}\}|\$\{|\$\(|\$[A-Za-z_]|%[sdvq(!]|<[^>]*>|^__\w+__$")
_WILDCARD = re.compile(r"[*?!|^]|\[[^\]]*[a-z-][^\]]*\](?!:)")
_PORT_LIKE = re.compile(r"[0-9]{2,5}")
# What stands before or after an image inside shell text, prose or a properties file.
_TOKEN = re.compile(
    r"(?<![\w./:@${}-])[A-Za-z0-9][\w.-]{0,255}(?::\d{1,5})?/[\w./-]{0,255}[:@][\w.:@+-]{1,255}", re.ASCII
)

_IMAGE_LINE = re.compile(
    r"""^[ \t-]*["']?image["']?[ \t]*:[ \t]*["']?([\w./:@-]{1,512})["']?[ \t]*(?:[,}#].*)?$""", re.MULTILINE
)

# A path with a tag or digest behind it, as every unmistakable image has one; the leading slash makes the search fast.
PATH_AND_TAG = re.compile(r"/[\w./-]{0,255}[:@]\w", re.ASCII)

MAX_LENGTH = 512
"""Characters that an image name may have: 255 for the name, 128 for the tag, and the longest digest."""
NOT_IMAGES = frozenset({"auto", "none", "null", "true", "false", "string", "image"})
"""Words that stand in image fields without naming one: ``auto`` is filled in by Istio's injector."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A valid reference. ``qualified``: its registry is written; ``pinned``: a tag or a digest is written."""

    reference: ImageReference
    qualified: bool
    pinned: bool

    @property
    def strict(self) -> bool:
        """Surely meant as an image where a key says so: it has a tag, a digest or a registry."""
        return self.pinned or self.qualified

    @property
    def unmistakable(self) -> bool:
        """Surely an image wherever it stands: registry, path, and a tag or digest that cannot be a port."""
        reference = self.reference
        if not (self.qualified and self.pinned) or reference.domain == "localhost":
            return False
        if is_label_prefix(reference.domain):
            return False
        return reference.digest is not None or not _PORT_LIKE.fullmatch(reference.tag or "")


@lru_cache(maxsize=65536)
def literal(text: str) -> Literal | None:
    """``text`` as an image, None when it cannot be one."""
    text = text.strip().removeprefix("docker://")
    if not text or len(text) > MAX_LENGTH or text in NOT_IMAGES:
        return None
    try:
        reference = ImageReference.parse(text)
    except InputError:
        return None
    first, slash, _ = text.partition("/")
    qualified = bool(slash) and (any(c in first for c in ".:[") or first == "localhost" or first != first.lower())
    name = text.partition("@")[0]
    pinned = reference.digest is not None or ":" in name.rpartition("/")[2]
    return Literal(reference, qualified, pinned)


def unresolved(text: str) -> bool:
    """Whether an expression was left in the text, or a part that should have been filled in is missing."""
    text = text[:MAX_LENGTH]
    return bool(_EXPRESSION.search(text)) or text.endswith((":", "@", "/")) or text.startswith((":", "/", "@"))


def pattern(text: str) -> bool:
    """Whether the text matches names rather than being one (a policy's ``registry/*``)."""
    return bool(_WILDCARD.search(text[:MAX_LENGTH]))


def image_words(text: str) -> list[tuple[str, int]]:
    """The images that text which is not YAML names, each with its line (from 0): in ``image: <name>``, or as words
    that are unmistakably images."""
    named = [(match[1], text.count("\n", 0, match.start(1))) for match in _IMAGE_LINE.finditer(text)]
    pinned = [(word, line) for word, line in named if (known := literal(word)) is not None and known.pinned]
    return list(dict.fromkeys([*pinned, *tokens(text)]))


def tokens(text: str) -> list[tuple[str, int]]:
    """The words of free text that are unmistakably images, with the line (from 0) each stands on."""
    found = []
    end = -1
    for path in PATH_AND_TAG.finditer(text):
        if path.start() < end:
            continue  # a line already read
        start = text.rfind("\n", 0, path.start()) + 1
        end = text.find("\n", path.start())
        end = len(text) if end < 0 else end
        for match in _TOKEN.finditer(text, start, end):
            word = match.group().rstrip(".:@")
            known = literal(word)
            if known is not None and known.unmistakable:
                found.append((word, text.count("\n", 0, start)))
    return found


def literal_images(text: str) -> Iterator[tuple[ImageReference, int]]:
    """The images that text which is not YAML names, such as a template, each with its line."""
    for word, line in image_words(text):
        known = literal(word)
        if known is not None:
            yield known.reference, line + 1
