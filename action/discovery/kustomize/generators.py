"""ConfigMaps and Secrets that a kustomization generates, as the objects that they become.

https://kubectl.docs.kubernetes.io/references/kustomize/builtins/ (ConfigMapGenerator, SecretGenerator).
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator

from action.discovery.text.tree import Map, Text, maps, texts

FIELDS = {"configMapGenerator": "ConfigMap", "secretGenerator": "Secret"}

Texts = Callable[[str], str | None]
"""The text of a file, by its name beside the kustomization; None when it cannot be read."""


def generated(root: Map, read: Texts) -> Iterator[Map]:
    """The objects of every generator of a kustomization."""
    for field, kind in FIELDS.items():
        for generator in maps(root.get(field)):
            data = Map(generator.line)
            for key, value in _entries(generator, read):
                data[key] = value
            yield _object(kind, generator, data)


def _object(kind: str, generator: Map, data: Map) -> Map:
    made, metadata = Map(generator.line), Map(generator.line)
    metadata["name"] = generator.get("name")
    made["apiVersion"], made["kind"] = Text("v1"), Text(kind)
    made["metadata"] = metadata
    # A Secret's data would be taken for base64: generators are given it as it is.
    made["data" if kind == "ConfigMap" else "stringData"] = data
    return made


def _entries(generator: Map, read: Texts) -> Iterator[tuple[str, Text]]:
    for pair in texts(generator.get("literals")):
        yield from _pair(pair, generator.line)
    for written in texts(generator.get("files")):
        key, equals, path = written.rpartition("=")
        content = read(path)
        if content is not None:
            yield key if equals else posixpath.basename(path), Text(content, generator.line)
    for written in (*texts(generator.get("envs")), *texts([generator.get("env")])):
        for line in (read(str(written)) or "").splitlines():
            if not line.lstrip().startswith("#"):
                yield from _pair(line, generator.line)


def _pair(line: str, number: int) -> Iterator[tuple[str, Text]]:
    key, equals, value = line.partition("=")
    if equals and key.strip():
        yield key.strip(), Text(value.strip().strip("'\""), number)
