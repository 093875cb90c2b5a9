"""New applications and new versions: what is written is sound, what is there is never overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.errors import InputError
from generator.maintenance.lint import lint
from generator.maintenance.scaffold import add_version, new_app
from generator.names import IMAGE_TYPES, ImageType
from generator.settings.settings import Settings, load_settings
from generator.tree.catalog import read_catalog
from tests.generator.trees import SCRATCH, write_tree


@pytest.mark.parametrize("image_type", IMAGE_TYPES)
def test_a_new_application_is_sound(tmp_path: Path, image_type: ImageType) -> None:
    paths = new_app(tmp_path, Settings(), image_type, "web", "v1.0.0")
    assert paths[0] == "applications/web/image.yaml"
    assert all((tmp_path / path).is_file() for path in paths)
    assert lint(tmp_path, Settings()) == []
    (app,) = read_catalog(tmp_path, Settings()).apps
    assert [(each.name, each.types) for each in app.built] == [("v1.0.0", (image_type,))]
    first = (tmp_path / paths[0]).read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=../../generator/schemas/image.schema.json"


def test_a_new_application_goes_to_the_first_root_of_its_type(tmp_path: Path) -> None:
    settings = Settings(roots={"apps": ("catalog/apps", "more"), "configs": ("config",), "dockerimages": ()})
    assert new_app(tmp_path, settings, "apps", "web", "v1")[0] == "catalog/apps/web/image.yaml"
    with pytest.raises(InputError, match="no directory is for dockerimages"):
        new_app(tmp_path, settings, "dockerimages", "db", "v1")


@pytest.mark.parametrize(
    ("app", "version", "code"),
    [("web", "v2", "app-exists"), ("Web", "v1", "bad-name"), ("../x", "v1", "bad-name"), ("db", "..", "bad-name")],
)
def test_nothing_is_written_over_or_outside(tmp_path: Path, app: str, version: str, code: str) -> None:
    new_app(tmp_path, Settings(), "apps", "web", "v1")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError) as caught:
        new_app(tmp_path, Settings(), "apps", app, version)
    assert caught.value.problems[0].code == code
    assert sorted(tmp_path.rglob("*")) == before


def built(root: Path) -> list[str]:
    return [version.name for app in read_catalog(root, load_settings(root)).apps for version in app.built]


def test_a_version_of_latest_is_an_entry_in_the_list(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {
            "applications/web/latest/init.sh": "true\n",
            "applications/web/image.yaml": "# ours\nversions: [v1] # the first\nhome: https://x.y\n",
        },
    )
    assert add_version(tmp_path, Settings(), "web", "1.10", None) == "applications/web/image.yaml"
    text = (tmp_path / "applications/web/image.yaml").read_text()
    assert text == "# ours\nversions: [v1, '1.10'] # the first\nhome: https://x.y\n"
    assert built(tmp_path) == ["1.10", "v1"]


def test_the_first_entry_of_a_list_does_not_take_latest_out_of_the_matrix(tmp_path: Path) -> None:
    write_tree(tmp_path, {"applications/web/latest/init.sh": "true\n"})
    assert built(tmp_path) == ["latest"]
    add_version(tmp_path, Settings(), "web", "v1", None)
    assert built(tmp_path) == ["latest", "v1"]


def test_without_latest_the_newest_directory_is_copied(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {"applications/web/v1.9/Kubefile": "old\n", "applications/web/v1.10/Kubefile": SCRATCH},
    )
    (tmp_path / "applications/web/v1.10/link").symlink_to("Kubefile")
    assert add_version(tmp_path, Settings(), "web", "v2", None) == "applications/web/v2"
    assert (tmp_path / "applications/web/v2/Kubefile").read_text() == SCRATCH
    assert (tmp_path / "applications/web/v2/link").is_symlink()
    add_version(tmp_path, Settings(), "web", "v3", "v1.9")
    assert (tmp_path / "applications/web/v3/Kubefile").read_text() == "old\n"


@pytest.mark.parametrize(
    ("app", "version", "source", "text"),
    [
        ("wep", "v2", None, "did you mean web"),
        ("zz", "v2", None, "python -m generator new zz"),
        ("web", "v1", None, "has the version v1 already"),
        ("web", "v2", "v1.", "did you mean v1"),
        ("web", "v 2", None, "U+0020"),
    ],
)
def test_what_cannot_be_added_is_explained(
    tmp_path: Path, app: str, version: str, source: str | None, text: str
) -> None:
    write_tree(tmp_path, {"applications/web/v1/Kubefile": SCRATCH})
    with pytest.raises(InputError) as caught:
        add_version(tmp_path, Settings(), app, version, source)
    assert text in str(caught.value)
    assert built(tmp_path) == ["v1"]
