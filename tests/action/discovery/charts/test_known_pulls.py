"""The table of what known operators pull."""

from __future__ import annotations

import pytest

from action.discovery.charts.known_pulls import PULLS, known_pulls
from action.discovery.evidence.hits import Hit
from action.model.findings import Source
from action.model.reference import ImageReference


def pulled(*operators: str) -> list[str]:
    hits = [Hit(ImageReference.parse(text), "certain", Source(file="a.yaml", rule="pod-spec")) for text in operators]
    return [str(hit.reference) for hit in known_pulls(hits)]


@pytest.mark.parametrize("row", PULLS, ids=lambda row: row.operator)
def test_each_row_gives_its_names_beside_the_operator(row: tuple[str, tuple[str, ...], str]) -> None:
    path, names, source = row
    owner = path.rpartition("/")[0]
    found = pulled(f"registry.example.com/copy/{path}:v1.2.3-4")
    assert len(found) == len(names)
    assert all(text.startswith(f"registry.example.com/copy/{owner}/") for text in found)
    assert source.count("/") > 3


def test_rows_are_sorted_and_name_an_operator_once() -> None:
    paths = [row.operator for row in PULLS]
    assert paths == sorted(set(paths))


def test_a_tag_that_differs_is_put_together_as_the_operator_does_it() -> None:
    assert pulled("mysql/community-operator:9.1.0-2.2.2") == [
        "docker.io/mysql/community-server:9.1.0",
        "docker.io/mysql/community-router:9.1.0",
    ]
    assert pulled("victoriametrics/operator:v0.74.1") == ["docker.io/victoriametrics/operator:config-reloader-v0.74.1"]


def test_the_version_of_calico_is_that_of_the_operators_release() -> None:
    found = pulled("quay.io/tigera/operator:v1.36.16")
    assert len(found) == 8
    assert found[4] == "docker.io/calico/node:v3.29.7"
    later = pulled("quay.io/tigera/operator:v1.40.0")
    assert len(later) == 11
    assert later[-1] == "quay.io/calico/whisker-backend:v3.31.0"
    assert "registry.example.com/calico/cni:v3.30.0" in pulled("registry.example.com/tigera/operator:v1.38.0")


@pytest.mark.parametrize("tag", ["v1.38.999", "v9.9.9", "v1.38", "v1.38.x"])
def test_a_release_that_the_table_does_not_know_gives_nothing(tag: str) -> None:
    assert pulled(f"quay.io/tigera/operator:{tag}") == []


@pytest.mark.parametrize("text", ["velero/velero", "velero/velero:latest", f"velero/velero@sha256:{'a' * 64}"])
def test_an_operator_without_a_version_gives_nothing(text: str) -> None:
    assert pulled(text) == []


def test_a_name_that_the_deployment_gives_itself_is_not_added() -> None:
    assert pulled("quay.io/minio/operator:v7.1.1", "mirror.example.com/minio/operator-sidecar:v7.0.1") == []


def test_a_tag_too_long_to_be_put_together_gives_nothing() -> None:
    assert pulled(f"victoriametrics/operator:{'v' * 128}") == []
