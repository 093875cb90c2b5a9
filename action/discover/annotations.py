"""Images that a chart declares: annotations of Chart.yaml, and Images.lock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from action.discover.chart_files import ChartFiles
from action.discover.findings import Source, Verdict
from action.discover.found import Found
from action.discover.hits import Hit
from action.discover.literals import literal
from action.discover.yaml_tree import Map, Text, first_tree

ANNOTATIONS = ("helm.sh/images", "images", "artifacthub.io/images")


def declared_images(chart: ChartFiles, seen: list[Hit]) -> Found:
    """What the chart and its subcharts declare. One declared with another tag than a rendering shows is uncertain."""
    found = Found()
    rendered = {hit.reference.name: hit.reference for hit in seen}
    active = {hit.source.file.partition("/templates/")[0] for hit in seen}
    for name in sorted(chart.files):
        if name == "Chart.yaml" or name.endswith("/Chart.yaml"):
            base = name.removesuffix("Chart.yaml")
            in_use = base == "" or any(file.endswith("/" + base.rstrip("/")) for file in active)
            for image, field, switch in _annotated(chart, name, base):
                found.take(_hit(chart, name, field, image, rendered, in_use, switch))
        elif name.rpartition("/")[2] == "Images.lock":
            for image, field in _locked(chart, name):
                found.take(_hit(chart, name, field, image, rendered, True, None))
    return found


def _hit(
    chart: ChartFiles,
    name: str,
    field: str,
    image: Text,
    rendered: Mapping[str, object],
    in_use: bool,
    switch: str | None,
) -> Hit:
    known = literal(image)
    assert known is not None  # noqa: S101 - the readers below yield nothing else
    verdict: Verdict = "likely"
    reason = "declared by the chart, shown by no rendering"
    other = rendered.get(known.reference.name)
    if other is not None and other != known.reference:
        verdict, reason = "uncertain", f"declared by the chart, but {other} is what it renders"
    elif switch is not None:
        verdict, reason = "uncertain", f"declared by the chart for when {switch} is on"
    elif not in_use:
        verdict, reason = "uncertain", "declared by a subchart that no rendering shows"
    place = f"{chart.label}!{chart.folder}/{name}" if chart.path.is_file() else f"{chart.label}/{name}"
    source = Source(file=place, field=field, rule="annotation", line=image.line if field == "" else 0)
    return Hit(known.reference, verdict, source, reason)


def _annotated(chart: ChartFiles, name: str, base: str) -> Iterator[tuple[Text, str, str | None]]:
    annotations = chart.tree(name, "annotations")
    if not isinstance(annotations, Map):
        return
    for key in ANNOTATIONS:
        text = annotations.get(key)
        if not isinstance(text, Text):
            continue
        entries = first_tree(text)
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            image = entry.get("image") if isinstance(entry, Map) else entry
            if isinstance(image, Text) and literal(image) is not None:
                condition = entry.get("condition") if isinstance(entry, Map) else None
                off = isinstance(condition, Text) and not _is_on(chart, base, condition)
                yield image, f"annotations[{key}][{index}]", str(condition) if off else None


def _locked(chart: ChartFiles, name: str) -> Iterator[tuple[Text, str]]:
    images = chart.tree(name, "images")
    for index, entry in enumerate(images if isinstance(images, list) else ()):
        image = entry.get("image") if isinstance(entry, Map) else None
        if isinstance(image, Text) and literal(image) is not None:
            yield image, f"images[{index}].image"


def _is_on(chart: ChartFiles, base: str, condition: str) -> bool:
    """Whether a condition such as ``metrics.enabled`` holds in the chart's own values; unknown counts as on."""
    return chart.tree(f"{base}values.yaml", *condition.split(".")) is not False
