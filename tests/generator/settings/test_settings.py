"""Settings and metadata files: typed values, and errors that name file, line, key and neighbour."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.errors import InputError, Problem
from generator.settings.settings import AppMetadata, Pin, Settings, load_app_metadata, load_settings
from generator.settings.validation import schema


def problems(root: Path, text: str) -> tuple[Problem, ...]:
    (root / "imagebuild.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_settings(root)
    return caught.value.problems


def test_no_file_and_an_empty_file_mean_the_defaults(tmp_path: Path) -> None:
    assert load_settings(tmp_path) == Settings()
    (tmp_path / "imagebuild.yaml").write_text("# nothing yet\n")
    assert load_settings(tmp_path) == Settings()


def test_every_key_of_the_schema_is_a_field_and_every_field_a_key() -> None:
    assert set(schema("settings")["properties"]) == set(Settings.__dataclass_fields__)
    assert set(schema("image")["properties"]) == set(AppMetadata.__dataclass_fields__)


def test_settings_are_typed_and_completed(tmp_path: Path) -> None:
    (tmp_path / "imagebuild.yaml").write_text(
        "registry: registry.example:5000\nnamespace: team/images\narches: [arm64]\nlabel: build me\n"
        "title_guard: false\nroots: {configs: [config]}\nrunners: {arm64: my-arm}\n"
        "schedule: 0 3 * * 1\nmin_permission: triage\n"
        f"pins:\n  actions/checkout: {{version: v9.0.0, commit: '{'a' * 40}'}}\n"
    )
    settings = load_settings(tmp_path)
    assert settings.registry == "registry.example:5000"
    assert settings.arches == ("arm64",)
    assert settings.title_guard is False
    assert settings.roots == {"apps": ("applications",), "configs": ("config",), "dockerimages": ("applications",)}
    assert settings.runners == {"amd64": "ubuntu-24.04", "arm64": "my-arm"}
    assert settings.schedule == ("0 3 * * 1",)
    assert settings.pins == {"actions/checkout": Pin("v9.0.0", "a" * 40)}


@pytest.mark.parametrize(
    ("text", "code", "line", "fragments"),
    [
        ("arches: [amd64]\nlable: go\n", "unknown-key", 2, ["lable is no setting", "did you mean 'label'?"]),
        ("runners:\n  arm65: x\n", "unknown-key", 2, ["runners.arm65", "'arm64'"]),
        ("arches: [amd46]\n", "bad-value", 1, ["arches.0", "did you mean 'amd64'?"]),
        ("title_guard: yes\n", "bad-value", 1, ["title_guard", "'yes' is not of type 'boolean'"]),
        ("registry: https://ghcr.io\n", "bad-value", 1, ["registry", "a host with an optional port"]),
        ("roots: {apps: [../up]}\n", "bad-value", 1, ["roots.apps.0"]),
        ("label: ${{ secrets.X }}\n", "bad-value", 1, ["label"]),
        ("a: 1\na: 2\n", "bad-yaml", 2, ["'a' twice"]),
        ("a: [\n", "bad-yaml", 2, ["is not YAML"]),
        ("a: &x [1]\nb: *x\n", "bad-yaml", 2, ["alias"]),
        ("label: 'true'\ntitle_guard: 'true'\n", "bad-value", 2, ["is not of type 'boolean'"]),
        ('label: "go\\n"\n', "bad-value", 1, ["'go\\n' is not as it must be"]),
        ("label:\n", "bad-value", 1, ["None is not of type 'string'"]),
        ("- a\n", "bad-value", 1, ["is not of type 'object'"]),
        (f"a: {'[' * 20}{']' * 20}\n", "bad-yaml", 1, ["nested too deeply"]),
        (f"a: {'[' * 32000}", "bad-yaml", 1, ["nested too deeply"]),
        ("- " * 32000, "bad-yaml", 1, ["nested too deeply"]),
        ("? " * 32000, "bad-yaml", 1, ["not a word"]),
        ("label: x\n---\nlabel: y\n", "bad-yaml", 2, ["second document"]),
        ("label: x\x00\n", "bad-yaml", None, ["is not YAML"]),
        (f"label: {'x' * 70000}\n", "bad-yaml", None, ["larger than 64 KiB"]),
    ],
)
def test_a_wrong_file_is_explained(
    tmp_path: Path, text: str, code: str, line: int | None, fragments: list[str]
) -> None:
    (problem, *_) = problems(tmp_path, text)
    assert (problem.code, problem.file, problem.line) == (code, "imagebuild.yaml", line)
    for fragment in fragments:
        assert fragment in str(problem)


def test_every_mistake_is_reported_at_once(tmp_path: Path) -> None:
    found = problems(tmp_path, "lable: x\nengin: y\narches: []\n")
    assert [problem.line for problem in found] == [1, 2, 3]


def test_bytes_that_are_no_text_are_explained(tmp_path: Path) -> None:
    (tmp_path / "imagebuild.yaml").write_bytes(b"label: \xff\n")
    with pytest.raises(InputError, match="is not UTF-8"):
        load_settings(tmp_path)


def test_metadata_keeps_versions_as_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "image.yaml").write_text("versions: [1.10, 2024-12-18, 0x10, v2]\nbuild_args: {N: 3}\n")
    metadata = load_app_metadata(tmp_path)
    assert metadata.versions == ("1.10", "2024-12-18", "0x10", "v2")
    assert metadata.build_args == {"N": "3"}
    assert metadata.types is None
