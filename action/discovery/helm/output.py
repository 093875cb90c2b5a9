"""What helm prints, read back: its stream of manifests, and its errors with template and line (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from action.discovery.helm.engine import RenderedTemplate, RenderError

_SOURCE = re.compile(r"# Source: (\S.*)\n?")
MAX_MESSAGE = 2000
"""Characters of what helm says that are kept: a template may fail with a text of any length."""
_WHOLE = re.compile(r"^---\n# Source: (\S.*)\n", re.MULTILINE)
_PLACE = re.compile(r"([\w.@+-]+(?:/[^\s:()\"/]+)+\.[\w.]+|[\w.-]+/values\.schema\.json)(?::(\d+)(?::\d+)?)?")
_INNER_LINE = re.compile(r"yaml: line (\d+)")
_KIND = re.compile(r"^kind:[ \t]*[\"']?(\w+)", re.MULTILINE)
_HOOK = re.compile(r"^\s+[\"']?helm\.sh/hook[\"']?\s*:", re.MULTILINE)
_NOISE = re.compile(
    r"^(?:Error: |install\.go.*$|WARNING: .*$|coalesce\.go.*$|walk\.go.*$|level=\w+ .*$)", re.MULTILINE
)

# The order in which Helm installs, pkg/release/util/kind_sorter.go; kinds that are not named come last, by name.
_INSTALL_ORDER = (
    "PriorityClass", "Namespace", "NetworkPolicy", "ResourceQuota", "LimitRange", "PodSecurityPolicy",
    "PodDisruptionBudget", "ServiceAccount", "Secret", "SecretList", "ConfigMap", "StorageClass", "PersistentVolume",
    "PersistentVolumeClaim", "CustomResourceDefinition", "ClusterRole", "ClusterRoleList", "ClusterRoleBinding",
    "ClusterRoleBindingList", "Role", "RoleList", "RoleBinding", "RoleBindingList", "Service", "DaemonSet", "Pod",
    "ReplicationController", "ReplicaSet", "Deployment", "HorizontalPodAutoscaler", "StatefulSet", "Job", "CronJob",
    "IngressClass", "Ingress", "APIService",
)  # fmt: skip
_RANK = {kind: rank for rank, kind in enumerate(_INSTALL_ORDER)}


def split_stream(stream: str) -> tuple[RenderedTemplate, ...]:
    """The output of ``helm template``: documents under ``# Source: <template>`` comments."""
    found: dict[str, list[str]] = {}
    for document in _split(stream):
        source = _SOURCE.match(document)
        if source is not None:
            body = document[source.end() :]
            if body.strip():
                found.setdefault(source[1].strip(), []).append(body)
    return _templates(found.items(), sound=True)


def _split(text: str) -> list[str]:
    """Documents as Helm's own splitter takes them (pkg/release/util/manifest.go): a mark needs no space behind it."""
    return [part.lstrip() for part in f"\n{text}".split("\n---")]


def split_sources(stream: str) -> Iterator[tuple[str, str]]:
    """The output of ``helm template --debug`` for a chart that made broken YAML: whole templates, in any order."""
    marks = list(_WHOLE.finditer(stream))
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        yield mark[1], stream[mark.end() : following.start() if following else len(stream)]


def split_templates(rendered: Iterable[tuple[str, str]], *, sound: bool = True) -> tuple[RenderedTemplate, ...]:
    """Whole rendered templates -> the documents that ``helm template`` would print of them, in its order."""
    found = []
    for template, text in rendered:
        name = template.rpartition("/")[2]
        if name == "NOTES.txt" or name.startswith("_") or not text.strip():
            continue
        parts = [part for part in _split(text) if part.strip()]
        found.append((template, sorted(parts, key=_printed)))
    return _templates(found, sound)


def _templates(found: Iterable[tuple[str, list[str]]], sound: bool) -> tuple[RenderedTemplate, ...]:
    ordered = sorted(found, key=lambda item: item[0])
    return tuple(RenderedTemplate(name, tuple(parts), sound) for name, parts in ordered)


def _printed(document: str) -> tuple[bool, int, str]:
    kind = _KIND.search(document)
    name = kind[1] if kind else ""
    hook = _HOOK.search(document) is not None
    return (hook, _RANK.get(name, len(_RANK)), "" if name in _RANK else name)


def render_error(text: str) -> RenderError:
    """What helm said, without its prefixes, with the template and the line that it names (the innermost one last)."""
    message = text.split("\nUse --debug flag")[0][:MAX_MESSAGE]
    message = " ".join(line.strip() for line in _NOISE.sub("", message).splitlines() if line.strip())
    message = message.removeprefix("Error: ").strip() or "helm gives no reason"
    place = _PLACE.search(message)
    if place is None:
        return RenderError(message)
    line = int(place[2]) if place[2] else None
    inner = _INNER_LINE.search(message)
    if line is None and inner is not None:
        line = int(inner[1])
    return RenderError(message, place[1], line)
