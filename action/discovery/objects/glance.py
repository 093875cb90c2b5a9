"""What a document can be told at a glance, so that most of what charts make need not be parsed (pure).

Every rule that reads images needs a key or a text with one of the words below in it, or a text that is unmistakably an
image: a path with a tag or digest behind it.
"""

from __future__ import annotations

import re

from action.discovery.evidence.literals import PATH_AND_TAG

_WORDS = ("image", "repo", "hub", "package", "kind: secret", "fluxcd", "argoproj", "cattle.io")
_KIND = re.compile(r"^kind:[ \t]*[\"']?(\w+)", re.MULTILINE)
_SCHEMA = re.compile(r"^kind:[ \t]*[\"']?CustomResourceDefinition\b", re.MULTILINE)
_DEFAULT_IMAGE = re.compile(r"default[\"']?:[ \t]*[\"']?[\w./-]+[:@]\w")


def may_name_images(text: str) -> bool:
    """Whether any rule could find anything in the text; false only when none can."""
    lower = text.lower()
    return any(word in lower for word in _WORDS) or PATH_AND_TAG.search(text) is not None


def is_plain_schema(text: str) -> bool:
    """Whether one document is a CustomResourceDefinition without a default that could be an image."""
    return _SCHEMA.search(text) is not None and _DEFAULT_IMAGE.search(text) is None


def kinds_in(text: str) -> list[str]:
    """The kinds of the objects in a sound document, by its own lines."""
    return _KIND.findall(text)
