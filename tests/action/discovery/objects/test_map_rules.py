"""The extraction on single documents: a pod is found wherever it stands, and no text breaks the scanner."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from action.discovery.objects.extract import Extraction, extract
from action.discovery.text.tree import Document
from action.discovery.text.yaml_reader import documents

WORD = st.text("abcdefghij", min_size=1, max_size=8)
KEYS = WORD.filter(lambda word: word not in {"labels", "selector", "data"})


def extractions(text: str) -> list[Extraction]:
    return [extract(part, "f.yaml") for part in documents(text, "f.yaml") if isinstance(part, Document)]


def references(text: str) -> dict[str, str]:
    return {str(hit.reference): hit.verdict for part in extractions(text) for hit in part.hits}


@st.composite
def wrapped_pods(draw: st.DrawFn) -> tuple[Any, str]:
    name = draw(WORD)
    image = f"quay.io/{draw(WORD)}/{draw(WORD)}:{draw(st.integers(0, 999))}"
    field = draw(st.sampled_from(["containers", "initContainers", "ephemeralContainers"]))
    node: Any = {field: [{"name": name, "image": image}]}
    for key in draw(st.lists(st.one_of(st.none(), KEYS), max_size=12)):
        node = [node] if key is None else {key: node}
    kind = draw(WORD).title()
    return {"apiVersion": "example.com/v1", "kind": kind, "metadata": {"name": "x"}, "spec": node}, image


@given(wrapped_pods())
def test_a_pod_spec_is_found_at_any_depth_of_any_kind(case: tuple[Any, str]) -> None:
    document, image = case
    assert references(yaml.safe_dump(document)) == {image: "certain"}


@given(wrapped_pods(), st.integers(1, 3))
def test_a_pod_spec_is_found_in_text_up_to_three_levels_down(case: tuple[Any, str], levels: int) -> None:
    node, image = case
    for _ in range(levels):
        node = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "c"},
            "data": {"x": yaml.safe_dump(node)},
        }
    assert references(yaml.safe_dump(node)) == {image: "likely"}


@settings(max_examples=300, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=30),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "image",
                        "images",
                        "repository",
                        "registry",
                        "tag",
                        "digest",
                        "env",
                        "args",
                        "name",
                        "value",
                        "data",
                        "hub",
                        "kind",
                        "spec",
                        "metadata",
                        "x",
                    ]
                ),
                inner,
                max_size=5,
            )
        ),
        max_leaves=25,
    )
)
def test_no_tree_makes_the_rules_fail(tree: Any) -> None:
    references(yaml.safe_dump(tree))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=400) | st.text("image: quay.io/a/b:1\n-{}[]\"'", max_size=400))
def test_no_text_makes_the_scanner_fail(text: str) -> None:
    references(text)
    references(yaml.safe_dump({"kind": "ConfigMap", "apiVersion": "v1", "data": {"x": text}}))


def test_a_place_is_told_by_object_field_and_line() -> None:
    pod = "- kind: Pod\n  apiVersion: v1\n  metadata: {name: p}\n  spec:\n    containers:\n    - image: a/b:1\n"
    text = f"kind: List\napiVersion: v1\nitems:\n{pod}"
    (hit,) = extractions(text)[0].hits
    source = hit.source
    assert (source.object, source.field, source.line) == ("Pod/p", "items[0].spec.containers[0].image", 9)


def test_the_repository_of_a_chart_is_not_an_image() -> None:
    """Chart, repository and version is how operators of Helm name a chart; the same without one are an image."""
    parts = "{repository: ghcr.io/team/web, version: 1.2.3, tag: 1.2.3}"
    kind = "apiVersion: example.com/v1\nkind: Release\nmetadata: {name: x}\n"
    assert references(f"{kind}spec: {parts}\n") == {"ghcr.io/team/web:1.2.3": "likely"}
    assert references(f"{kind}spec: {parts[:-1]}, chart: web}}\n") == {}
