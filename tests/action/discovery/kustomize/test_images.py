"""The ``images:`` of a kustomization: what is given replaces what was written, and nothing else does."""

from __future__ import annotations

import pytest

from action.discovery.evidence.hits import Hit
from action.discovery.kustomize.images import transformed
from action.discovery.text.tree import Document
from action.discovery.text.yaml_reader import documents
from action.model.findings import Source
from action.model.reference import ImageReference

DIGEST = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64


def made_of(written: str, entries: str, field: str = "spec.containers[0].image") -> list[str]:
    hit = Hit(ImageReference.parse(written), "certain", Source(file="deploy.yaml", field=field, rule="pod-spec"))
    (document,) = documents(entries, "kustomization.yaml")
    assert isinstance(document, Document)
    assert isinstance(document.root, list)
    return [str(each.reference) for each in transformed(hit, document.root, told=False)]


@pytest.mark.parametrize(
    ("written", "entry", "expected"),
    [
        # https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/images/
        ("quay.io/team/web:1.2", "newName: ghcr.io/other/web", "ghcr.io/other/web:1.2"),
        (f"quay.io/team/web@{DIGEST}", "newName: ghcr.io/other/web", f"ghcr.io/other/web@{DIGEST}"),
        ("quay.io/team/web:1.2", "newTag: '1.3'", "quay.io/team/web:1.3"),
        ("quay.io/team/web:1.2", "newName: ghcr.io/other/web, newTag: '1.3'", "ghcr.io/other/web:1.3"),
        ("quay.io/team/web:1.2", f"digest: '{DIGEST}'", f"quay.io/team/web@{DIGEST}"),
        (f"quay.io/team/web@{DIGEST}", f"digest: '{OTHER}'", f"quay.io/team/web@{OTHER}"),
        (f"quay.io/team/web@{DIGEST}", "newTag: '1.3'", "quay.io/team/web:1.3"),
    ],
)
def test_only_what_an_entry_gives_is_replaced(written: str, entry: str, expected: str) -> None:
    assert made_of(written, f"[{{name: quay.io/team/web, {entry}}}]") == [expected]


def test_the_port_of_a_registry_is_not_a_tag() -> None:
    entries = "[{name: 'localhost:5000/web', newName: 'localhost:6000/web'}]"
    assert made_of("localhost:5000/web:1.2", entries) == ["localhost:6000/web:1.2"]


def test_entries_follow_each_other() -> None:
    entries = "[{name: quay.io/team/web, newName: quay.io/team/next}, {name: quay.io/team/next, newTag: '2'}]"
    assert made_of("quay.io/team/web:1.2", entries) == ["quay.io/team/next:2"]


def test_another_name_and_another_field_are_left_alone() -> None:
    entries = "[{name: quay.io/team/web, newName: ghcr.io/other/web}]"
    assert made_of("quay.io/team/webs:1.2", entries) == ["quay.io/team/webs:1.2"]
    assert made_of("quay.io/team/web:1.2", entries, "spec.image") == ["quay.io/team/web:1.2"]
