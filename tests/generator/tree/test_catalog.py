"""The tree reader: what it finds, what it refuses, and what a request resolves to."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.errors import InputError
from generator.names import ImageType
from generator.settings.settings import Settings, load_settings
from generator.tree.catalog import Catalog, read_catalog
from tests.generator.trees import SCRATCH, write_tree

GO = "FROM golang:1.22 AS build\nRUN make\nFROM alpine:3.20\nCOPY --from=build /x /x\n"

APART = "types: {dockerimages: {namespace: tools}}\n"


def read(root: Path, files: dict[str, str]) -> Catalog:
    return read_catalog(write_tree(root, files), load_settings(root))


def built(catalog: Catalog) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(app.name, version.name, version.types) for app in catalog.apps for version in app.built]


def codes(catalog: Catalog) -> list[tuple[str, str | None]]:
    return [(problem.code, problem.file) for problem in catalog.problems]


@pytest.mark.parametrize(
    ("files", "types"),
    [
        ({"Kubefile": SCRATCH}, ("apps",)),
        ({"Sealfile": SCRATCH}, ("apps",)),
        ({"Dockerfile": SCRATCH}, ("apps",)),
        ({"Dockerfile": GO}, ("dockerimages",)),
        ({"Containerfile": GO}, ("dockerimages",)),
        ({"init.sh": "true"}, ("apps",)),
        ({"init.sh": "true", "Dockerfile": GO}, ("dockerimages",)),
        ({"Kubefile": SCRATCH, "Dockerfile": GO}, ("apps", "dockerimages")),
        ({"Kubefile": SCRATCH, "Dockerfile": SCRATCH}, ("apps",)),
    ],
)
def test_build_files_say_what_the_matrix_builds(
    tmp_path: Path, files: dict[str, str], types: tuple[ImageType, ...]
) -> None:
    apart = {"imagebuild.yaml": APART}
    catalog = read(tmp_path, {**apart, **{f"applications/web/v1/{name}": content for name, content in files.items()}})
    assert built(catalog) == [("web", "v1", types)]
    assert catalog.problems == ()


def test_versions_are_in_natural_order(tmp_path: Path) -> None:
    names = ["v1.10", "v1.9", "main", "RELEASE.2024-12-18T13-15-44Z", "2022.5.9-debian-10-r13"]
    catalog = read(tmp_path, {f"applications/web/{name}/Kubefile": SCRATCH for name in names})
    assert [name for _, name, _ in built(catalog)] == [
        "2022.5.9-debian-10-r13", "RELEASE.2024-12-18T13-15-44Z", "main", "v1.9", "v1.10",
    ]  # fmt: skip


def test_metadata_decides_over_the_build_files(tmp_path: Path) -> None:
    catalog = read(
        tmp_path,
        {
            "applications/web/image.yaml": "types: [configs]\narches: [arm64]\nversions: [1.10, v2]\n",
            "applications/web/v2/Kubefile": SCRATCH,
            "applications/web/latest/Kubefile": SCRATCH,
        },
    )
    assert built(catalog) == [("web", "1.10", ("configs",)), ("web", "v2", ("configs",))]
    (app,) = catalog.apps
    assert [(v.context, v.arches) for v in app.built] == [
        ("applications/web/latest", ("arm64",)),
        ("applications/web/v2", ("arm64",)),
    ]


def test_a_version_without_a_directory_is_built_from_latest(tmp_path: Path) -> None:
    catalog = read(tmp_path, {"applications/web/v1/Kubefile": SCRATCH, "applications/web/latest/init.sh": "true"})
    assert catalog.resolve("apps", "web", "v1").context == "applications/web/v1"
    version = catalog.resolve("apps", "web", "v9")
    assert (version.name, version.context) == ("v9", "applications/web/latest")
    assert version.directory == tmp_path / "applications/web/latest"


@pytest.mark.parametrize(
    ("image_type", "app", "version", "code", "text"),
    [
        ("apps", "wep", "v1", "unknown-app", "did you mean web"),
        ("apps", "zzzzzz", "v1", "unknown-app", "applications are web"),
        ("apps", "web", "v1.1", "unknown-version", "did you mean v1"),
        ("dockerimages", "web", "v1", "type-not-offered", "apps and configs"),
        ("apps", "w\u0435b", "v1", "bad-name", "U+0435 CYRILLIC SMALL LETTER IE"),
        ("apps", "..", "v1", "bad-name", "'..'"),
        ("apps", "web", "../v1", "bad-name", "'/'"),
        ("apps", "web", "docs", "no-build-file", "is no version"),
    ],
)
def test_a_request_that_cannot_be_met_says_why(
    tmp_path: Path, image_type: ImageType, app: str, version: str, code: str, text: str
) -> None:
    catalog = read(tmp_path, {"applications/web/v1/Kubefile": SCRATCH, "applications/web/docs/a.png": ""})
    with pytest.raises(InputError) as caught:
        catalog.resolve(image_type, app, version)
    assert caught.value.problems[0].code == code
    assert text in str(caught.value)


def test_odd_trees_are_reported_and_only_the_sound_part_is_built(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    write_tree(
        tmp_path,
        {
            "applications/web/v1/Kubefile": SCRATCH,
            "applications/web/V1/Kubefile": SCRATCH,
            "applications/web/v2 /Kubefile": SCRATCH,
            "applications/web/v3/Kubefile": SCRATCH,
            "applications/web/v3/build_arch": "arm64\n",
            "applications/web/v4/Kubefile": SCRATCH,
            "applications/web/v4/build_arch": "s390x\n",
            "applications/web/images/logo.png": "",
            "applications/operator /v1/Kubefile": SCRATCH,
            "applications/empty/README.md": "",
            "applications/.git/HEAD": "",
            "applications/README.md": "",
            "applications/broken/image.yaml": "tpyes: [apps]\n",
            "applications/broken/v1/Kubefile": SCRATCH,
        },
    )
    (tmp_path / "applications/web/v5").symlink_to(tmp_path / "outside")
    (tmp_path / "applications/web/v6").symlink_to("v3")
    (tmp_path / "applications/web/v7").symlink_to(".")
    (tmp_path / "applications/web/v8").symlink_to("nowhere")
    catalog = read_catalog(tmp_path, Settings())
    assert built(catalog) == [("web", "v3", ("apps",)), ("web", "v6", ("apps",))]
    assert [app.arches for each in catalog.apps for app in each.built] == [("arm64",), ("arm64",)]
    assert codes(catalog) == [
        ("unknown-key", "applications/broken/image.yaml"),
        ("no-versions", "applications/empty"),
        ("bad-name", "applications/operator "),
        ("case-clash", "applications/web/V1"),
        ("no-build-file", "applications/web/images"),
        ("case-clash", "applications/web/v1"),
        ("bad-name", "applications/web/v2 "),
        ("bad-build-arch", "applications/web/v4/build_arch"),
        ("bad-link", "applications/web/v5"),
        ("bad-link", "applications/web/v7"),
        ("bad-link", "applications/web/v8"),
    ]


def test_a_root_that_leads_out_of_the_repository_is_refused(tmp_path: Path) -> None:
    write_tree(tmp_path, {"outside/web/v1/Kubefile": SCRATCH, "repository/README.md": ""})
    (tmp_path / "repository/applications").symlink_to("../outside")
    catalog = read_catalog(tmp_path / "repository", Settings())
    assert (catalog.apps, codes(catalog)) == ((), [("bad-link", "applications")])


def test_the_incumbent_layout_works_by_listing_its_roots(tmp_path: Path) -> None:
    catalog = read(
        tmp_path,
        {
            "imagebuild.yaml": APART
            + "roots:\n  apps: [applications]\n  dockerimages: [dockerimages]\n  configs: [config]\n",
            "applications/web/v1/Dockerfile": GO,
            "dockerimages/web/v1/Dockerfile": SCRATCH,
            "config/dns/v1/Kubefile": SCRATCH,
        },
    )
    assert built(catalog) == [("dns", "v1", ("configs",)), ("web", "v1", ("apps",)), ("web", "v1", ("dockerimages",))]
    assert catalog.resolve("apps", "web", "v1").context == "applications/web/v1"
    assert catalog.resolve("dockerimages", "web", "v1").context == "dockerimages/web/v1"


def test_of_two_roots_with_one_version_the_first_is_built(tmp_path: Path) -> None:
    catalog = read(
        tmp_path,
        {
            "imagebuild.yaml": "roots: {apps: [z, a]}\n",
            "z/web/v1/Kubefile": SCRATCH,
            "a/web/v1/Kubefile": SCRATCH,
            "a/web/v2/Kubefile": SCRATCH,
            "applications/x/v1/Kubefile": SCRATCH,
        },
    )
    contexts = [version.context for app in catalog.apps for version in app.built if "apps" in version.types]
    assert contexts == ["a/web/v2", "z/web/v1"]
    assert codes(catalog) == [("shadowed", "a/web/v1")]
    assert catalog.resolve("apps", "web", "v1").context == "z/web/v1"
    assert catalog.resolve("apps", "web", "v2").context == "a/web/v2"


def test_a_neighbour_to_mount_from_is_another_application(tmp_path: Path) -> None:
    catalog = read(
        tmp_path,
        {
            "applications/web/image.yaml": "mount_from: [databse, web, database]\n",
            "applications/web/v1/Kubefile": SCRATCH,
            "applications/web/v2/Kubefile": SCRATCH,
            "applications/database/v1/Kubefile": SCRATCH,
        },
    )
    assert [(problem.code, problem.file, problem.message, problem.hint) for problem in catalog.problems] == [
        (
            "unknown-app",
            "applications/web/image.yaml",
            "mount_from: databse is no application",
            "did you mean database?",
        ),
        (
            "unknown-app",
            "applications/web/image.yaml",
            "mount_from: web is the application itself",
            "name another application of this repository",
        ),
    ]


def test_two_types_of_one_name_are_an_error_and_the_first_keeps_it(tmp_path: Path) -> None:
    catalog = read(tmp_path, {"applications/web/v1/Kubefile": SCRATCH, "applications/web/v1/Dockerfile": GO})
    assert built(catalog) == [("web", "v1", ("apps",))]
    (problem,) = catalog.problems
    assert (problem.code, problem.severity) == ("name-collision", "error")
    assert "web v1 as apps and web v1 as dockerimages would be published under one name, web:v1" in problem.message
    assert catalog.resolve("apps", "web", "v1").name == "v1"
    with pytest.raises(InputError, match="names in image.yaml"):
        catalog.resolve("dockerimages", "web", "v1")


@pytest.mark.parametrize("apart", ["types: {dockerimages: {registry: r.example}}", APART])
def test_types_with_a_place_of_their_own_never_meet(tmp_path: Path, apart: str) -> None:
    files = {"applications/web/v1/Kubefile": SCRATCH, "applications/web/v1/Dockerfile": GO, "imagebuild.yaml": apart}
    catalog = read(tmp_path, files)
    assert (built(catalog), catalog.problems) == ([("web", "v1", ("apps", "dockerimages"))], ())


def test_a_name_given_to_one_type_may_be_that_of_another_application(tmp_path: Path) -> None:
    files = {
        "applications/web/image.yaml": "types: [apps, dockerimages]\nnames: {dockerimages: db}\n",
        "applications/web/v1/Kubefile": SCRATCH,
        "applications/web/v1/Dockerfile": GO,
        "applications/db/v1/Kubefile": SCRATCH,
    }
    catalog = read(tmp_path, files)
    assert built(catalog) == [("db", "v1", ("apps",)), ("web", "v1", ("apps",))]
    assert codes(catalog) == [("name-collision", "applications/db/v1")]
