"""Which texts inside an operator's image are taken for images that it may start (pure).

Measured on 8 operators and 31 ordinary Go programs: a text counts when it is whole, has a tag with a digit in it or a
digest, and is at a known registry, at that of the operator, or of the operator's owner.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from action.discovery.evidence.literals import image_words, literal
from action.discovery.evidence.registries import is_registry
from action.discovery.inside.elf import MAGIC
from action.discovery.inside.go_strings import is_go, whole_strings
from action.model.reference import ImageReference

_NAME = rb"[a-z0-9][\w.-]{0,127}(?::[0-9]{1,5})?(?:/[a-z0-9][\w.-]{0,127}){0,6}[:@][\w.:+-]{1,140}"
# In quotes a name ends where it ends: tags of Go's structs, JSON. So does one that is the value of a line of YAML.
_QUOTED = re.compile(rb'"(' + _NAME + rb')"', re.ASCII)
_YAML_LINE = re.compile(rb"\n[ \t-]*image:[ \t]*[\"']?(" + _NAME + rb")[\"']?[ \t]*\r?\n", re.ASCII)
_DIGIT = re.compile(r"[0-9]")
# Names for examples, which are no hosts: RFC 2606.
_RESERVED = re.compile(r"(?:^|\.)(?:example(?:\.com|\.net|\.org)?|invalid|test|localhost)(?::[0-9]+)?$")
_LIST_NAME = re.compile(r"(?i)(?:^|/)[\w.-]*images?[\w.-]*\.(?:txt|list|json)$")
_YAML_NAME = re.compile(r"(?i)\.ya?ml(?:\.j2|\.tmpl|\.tpl)?$")
# What a distribution or a language brings is not the operator's own.
_FOREIGN = re.compile(r"^(?:usr/(?:share|lib|lib64|include|libexec)|lib|lib64|var|proc|sys|dev|run|etc/ssl)/")


def is_of_interest(path: str, start: bytes) -> bool:
    """Whether a file is worth reading: a program, a list of images or YAML; ``start`` is its first bytes."""
    if start.startswith(MAGIC):
        return True
    return not _FOREIGN.match(path) and bool(_LIST_NAME.search(path) or _YAML_NAME.search(path))


def images_in_file(path: str, content: bytes, operator: ImageReference) -> set[ImageReference]:
    """The images that one file of the operator's own image names."""
    if content.startswith(MAGIC):
        return set(_judged(_in_program(content), operator)) if is_go(content) else set()
    if not is_of_interest(path, content):
        return set()
    return set(_judged((word for word, _ in image_words(content.decode("utf-8", "replace"))), operator))


def _in_program(program: bytes) -> Iterator[str]:
    yield from whole_strings(program)
    for pattern in (_QUOTED, _YAML_LINE):
        for match in pattern.finditer(program):
            yield match[1].decode("ascii")


def _judged(texts: Iterable[str], operator: ImageReference) -> Iterator[ImageReference]:
    owner = operator.path.rpartition("/")[0]
    for text in texts:
        known = literal(text)
        if known is None or not known.pinned or known.reference.name == operator.name:
            continue
        reference = known.reference
        if reference.digest is None and not _DIGIT.search(reference.tag or ""):
            continue
        of_the_owner = bool(owner) and reference.path.startswith(f"{owner}/")
        at_a_registry = is_registry(reference.domain) or reference.domain == operator.domain
        if known.qualified and (not known.unmistakable or not at_a_registry or _RESERVED.search(reference.domain)):
            continue
        if known.qualified or of_the_owner:
            yield reference
