"""Objects whose content says something only after a look inside: schemas of custom resources, encoded Secrets."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from action.discovery.evidence.literals import literal
from action.discovery.objects.map_rules import Claim
from action.discovery.text.tree import Map, Text, Tree


def schema_defaults(definition: Map) -> Iterator[tuple[Claim, str]]:
    """Defaults of image properties in a CustomResourceDefinition, with the path of the property."""
    stack: list[tuple[Tree, str, str]] = [(definition.get("spec"), "spec", "")]
    while stack:
        node, path, key = stack.pop()
        if isinstance(node, list):
            stack += [(item, f"{path}[{index}]", key) for index, item in enumerate(node)]
        elif isinstance(node, Map):
            default = node.get("default")
            known = literal(default) if isinstance(default, Text) and "image" in key.lower() else None
            if known is not None and known.pinned and isinstance(default, Text):
                reason = "the default of a custom resource's field"
                yield Claim(default.strip(), "default", "schema-default", "uncertain", default.line, reason), path
            stack += [(value, f"{path}.{name}", name) for name, value in node.items() if name != "description"]


def decoded(secret: Map) -> Iterator[tuple[str, Text]]:
    """The ``data`` of a Secret that is text once decoded, by key."""
    data = secret.get("data")
    for key, value in data.items() if isinstance(data, Map) else ():
        if isinstance(value, Text):
            try:
                text = base64.b64decode(value, validate=True).decode()
            except (binascii.Error, ValueError):
                continue
            yield key, Text(text, value.line)
