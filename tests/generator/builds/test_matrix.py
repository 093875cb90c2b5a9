"""Rows, shards and batches."""

from __future__ import annotations

import json
from pathlib import Path

from generator.builds.matrix import Row, Selection, batches, rows, shards, version_rows
from generator.names import ARCHES, Arch
from generator.settings.settings import Settings, TypeSettings
from generator.tree.catalog import read_catalog
from tests.generator.trees import SCRATCH, write_tree


def row(app: str, arch: Arch) -> Row:
    return Row("apps", app, "v1", arch, f"applications/{app}/v1", "ubuntu-24.04")


def test_rows_are_the_product_of_type_version_and_architecture(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {
            "applications/b/v1/Kubefile": SCRATCH,
            "applications/a/v10/Kubefile": SCRATCH,
            "applications/a/v9/Kubefile": SCRATCH,
            "applications/a/v9/Dockerfile": "FROM alpine\n",
        },
    )
    settings = Settings(types={"dockerimages": TypeSettings(namespace="tools")})
    found = [each[:5] for each in rows(read_catalog(tmp_path, settings), settings)]
    assert found == [
        (image_type, app, version, arch, f"applications/{app}/{version}")
        for image_type, app, version in [
            ("apps", "a", "v9"), ("apps", "a", "v10"), ("apps", "b", "v1"), ("dockerimages", "a", "v9"),
        ]
        for arch in ARCHES
    ]  # fmt: skip


def test_a_selection_narrows_every_axis(tmp_path: Path) -> None:
    settings = Settings()
    tree = {f"applications/{app}/{version}/Kubefile": SCRATCH for app in ("a", "b") for version in ("v1", "v2")}
    catalog = read_catalog(write_tree(tmp_path, tree), settings)
    (only,) = rows(catalog, settings, Selection(("apps",), ("b",), ("v2",), ("arm64",)))
    assert only == Row("apps", "b", "v2", "arm64", "applications/b/v2", "ubuntu-24.04-arm")
    assert list(rows(catalog, settings, Selection(types=("configs",)))) == []


def test_build_args_are_for_dockerimages_and_those_of_the_request_win(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {
            "applications/a/v1/Dockerfile": "FROM alpine\n",
            "applications/a/image.yaml": "build_args: {A: 1.10, B: b}\n",
        },
    )
    settings = Settings()
    version = read_catalog(tmp_path, settings).resolve("dockerimages", "a", "v1")
    built = version_rows(version, "dockerimages", settings, build_args={"B": "c"})
    assert [each.build_args for each in built] == [{"A": "1.10", "B": "c"}] * 2
    assert version_rows(version, "apps", settings)[0].build_args == {}


def test_a_row_survives_json() -> None:
    plain, with_arguments = row("a", "amd64"), row("a", "amd64")._replace(build_args={"K": "V"})
    for each in (plain, with_arguments):
        assert Row.from_json(json.loads(json.dumps(each.to_json()))) == each
    assert list(plain.to_json()) == ["type", "app", "version", "arch", "context", "runner"]


def test_a_shard_never_splits_an_image() -> None:
    many = [row(f"app{number}", arch) for number in range(3) for arch in ARCHES]
    assert [len(shard) for shard in shards(many, limit=5)] == [4, 2]
    assert [each for shard in shards(many, limit=5) for each in shard] == many
    assert list(shards([])) == []


def test_a_batch_names_what_to_publish() -> None:
    (batch,) = batches([row("a", "amd64"), row("a", "arm64")])
    assert batch == {
        "rows": [row("a", "amd64").to_json(), row("a", "arm64").to_json()],
        "targets": [{"type": "apps", "app": "a", "version": "v1", "arches": ["amd64", "arm64"], "build_args": {}}],
    }
