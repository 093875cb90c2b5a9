"""What a chart's files name and no rendering showed: listed as uncertain, with the switch that would bring it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from action.discovery.charts.files import ChartFiles
from action.discovery.evidence.hits import Found, Hit
from action.discovery.evidence.literals import literal, literal_images
from action.discovery.lists.shim import list_entries
from action.discovery.objects.glance import may_name_images
from action.discovery.objects.map_rules import FLOATING, Claim, image_field, image_like_fields, image_parts
from action.discovery.text.tree import Map, Text, Tree
from action.model.findings import Source

SWITCHES = ("enabled", "enable", "create", "install", "deploy")

_IMAGE_LIST = re.compile(r"(?:^|/)[\w.-]*images?[\w.-]*\.txt$")
_SCHEMA = re.compile(r"^kind:\s*CustomResourceDefinition", re.MULTILINE)
_NOT_RENDERED = re.compile(r"(?:^|/)(?:tests|ci|examples?|docs?)/")


def unreached_images(chart: ChartFiles, seen: list[Hit]) -> Found:
    """Images of values files, templates and image lists of the chart whose repository no rendering showed."""
    found = Found()
    repositories = {hit.reference.path for hit in seen}
    for hit in (*_from_values(chart), *_from_templates(chart), *_from_lists(chart)):
        if hit.reference.path not in repositories and not _shown_elsewhere(hit, repositories):
            found.hits.append(hit)
    return found


def _shown_elsewhere(hit: Hit, repositories: set[str]) -> bool:
    """A global registry with a prefix puts the same repository under another path."""
    return any(path.endswith(f"/{hit.reference.path.removeprefix('library/')}") for path in repositories)


def _from_values(chart: ChartFiles) -> Iterator[Hit]:
    for name in sorted(chart.files):
        if name != "values.yaml" and not (name.endswith("/values.yaml") and _is_subchart(name)):
            continue
        if not may_name_images(chart.text(name) or ""):
            continue
        base = name.removesuffix("values.yaml")
        prefix = ".".join(base.rstrip("/").split("/")[1::2])
        version = _app_version(chart, f"{base}Chart.yaml")
        owner = str(chart.tree(f"{base}Chart.yaml", "name") or chart.name)
        for claim, path, switch in _walk(chart.tree(name), prefix, version, owner, _condition(chart, base)):
            yield from _value_hit(chart, name, claim, path, switch)


def _is_subchart(name: str) -> bool:
    parts = name.split("/")[:-1]
    return len(parts) % 2 == 0 and all(part == "charts" for part in parts[::2])


def _condition(chart: ChartFiles, base: str) -> str:
    """The condition that switches a subchart off in the values of a chart above it, empty when none does."""
    steps = base.rstrip("/").split("/")
    for depth in range(0, len(steps) - 1, 2):
        parent = "".join(f"{step}/" for step in steps[:depth])
        name = steps[depth + 1]
        dependencies = chart.tree(f"{parent}Chart.yaml", "dependencies")
        for entry in dependencies if isinstance(dependencies, list) else ():
            if not isinstance(entry, Map) or entry.get("name") != name:
                continue
            for condition in str(entry.get("condition") or "").split(","):
                path = condition.strip()
                if path and chart.tree(f"{parent}values.yaml", *path.split(".")) is False:
                    return ".".join([*steps[1:depth:2], path])
    return ""


def _walk(
    root: Tree, prefix: str, app_version: str | None, chart_name: str, above: str
) -> Iterator[tuple[Claim, str, str]]:
    """Claims of a values tree with the path of their map, and the nearest switch above that is off.

    A missing tag is the chart's ``app_version`` for its own program only: the ``image`` of ``helm create``, or a
    repository of the chart's name.
    """
    image = f"{prefix}.image".lstrip(".")
    stack: list[tuple[Tree, str, str, str]] = [(root, prefix, "", above)]
    while stack:
        node, path, key, switch = stack.pop()
        if isinstance(node, list):
            stack += [(item, f"{path}[{index}]", key, switch) for index, item in enumerate(node)]
        if not isinstance(node, Map):
            continue
        for name in SWITCHES:
            if node.get(name) is False:
                switch = f"{path}.{name}".lstrip(".")
        for rule in (image_field, image_parts, image_like_fields):
            for claim in rule(node, key):
                if claim.tagless and app_version and (path == image or _is_own(claim.text, chart_name)):
                    claim = claim._replace(text=f"{claim.text}:{app_version}")
                yield claim, path, switch
        stack += [(value, f"{path}.{name}".lstrip("."), name, switch) for name, value in node.items()]


def _is_own(repository: str, chart_name: str) -> bool:
    """Whether the repository has the name of the chart."""
    return repository.rpartition("/")[2] == chart_name


def _value_hit(chart: ChartFiles, name: str, claim: Claim, path: str, switch: str) -> Iterator[Hit]:
    known = literal(claim.text)
    tagless = known is not None and claim.tagless and not known.pinned
    if known is None or not (known.pinned or tagless) or (claim.rule == "image-key" and not known.strict):
        return
    field = f"{path}.{claim.field}".lstrip(".")
    brings = f"reachable by values: --set {switch}=true" if switch else f"reachable by values: {path or field}"
    source = Source(file=_place(chart, name), field=field, rule="values", line=claim.line)
    reference = replace(known.reference, tag=None) if tagless else known.reference
    yield Hit(reference, "uncertain", source, f"{brings}; {FLOATING}" if tagless else brings)


def _from_templates(chart: ChartFiles) -> Iterator[Hit]:
    for name, text in chart.templates:
        if name.endswith("NOTES.txt") or _NOT_RENDERED.search(name) or _SCHEMA.search(text):
            continue
        for reference, line in literal_images(text):
            source = Source(file=_place(chart, name), rule="template", line=line)
            yield Hit(reference, "uncertain", source, "named in a template that no rendering reached")


def _from_lists(chart: ChartFiles) -> Iterator[Hit]:
    for name in sorted(chart.files):
        if _IMAGE_LIST.search(name):
            for entry in list_entries(chart.text(name) or "", _place(chart, name), "list in a chart"):
                if isinstance(entry, Hit):
                    yield entry.at_most("uncertain", "listed in a file of the chart that nothing reads")


def _app_version(chart: ChartFiles, name: str) -> str | None:
    version = chart.tree(name, "appVersion")
    return str(version) if isinstance(version, Text) else None


def _place(chart: ChartFiles, name: str) -> str:
    return f"{chart.label}!{chart.folder}/{name}" if chart.path.is_file() else f"{chart.label}/{name}"
