"""imagebuild.yaml and image.yaml, as typed values: every default of the project is in this file."""

from __future__ import annotations

import functools
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self

from generator import yamlfile
from generator.errors import InputError, Problem
from generator.names import ARCHES, IMAGE_TYPES, Arch, ImageType, nearest

if TYPE_CHECKING:
    import jsonschema

SETTINGS_FILE = "imagebuild.yaml"
METADATA_FILE = "image.yaml"

Permission = Literal["read", "triage", "write", "maintain", "admin"]
Engine = Literal["auto", "buildah", "buildx"]

DEFAULT_ROOTS: Mapping[ImageType, tuple[str, ...]] = dict.fromkeys(IMAGE_TYPES, ("applications",))
DEFAULT_RUNNERS: Mapping[Arch, str] = {"amd64": "ubuntu-24.04", "arm64": "ubuntu-24.04-arm"}


class Pin(NamedTuple):
    """One commit of a third-party action, and the version that it is."""

    version: str
    commit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of a repository, with the defaults filled in. What each key means is in its JSON Schema.

    ``registry`` and ``namespace`` are None when the workflow is to push to ``ghcr.io/<owner of the repository>``.
    """

    registry: str | None = None
    namespace: str | None = None
    roots: Mapping[ImageType, tuple[str, ...]] = field(default_factory=lambda: dict(DEFAULT_ROOTS))
    arches: tuple[Arch, ...] = ARCHES
    runners: Mapping[Arch, str] = field(default_factory=lambda: dict(DEFAULT_RUNNERS))
    label: str = "accepted"
    title_guard: bool = True
    min_permission: Permission = "write"
    schedule: tuple[str, ...] = ()
    branches: tuple[str, ...] = ("main", "master")
    mirrors: Mapping[str, str] = field(default_factory=dict)
    insecure: tuple[str, ...] = ()
    engine: Engine = "auto"
    pins: Mapping[str, Pin] = field(default_factory=dict)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """Typed settings of data that its schema has accepted."""
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in data.items()
        }
        if isinstance(values.get("schedule"), str):
            values["schedule"] = (values["schedule"],)
        if "roots" in values:
            values["roots"] = {**DEFAULT_ROOTS, **{name: tuple(dirs) for name, dirs in values["roots"].items()}}
        if "runners" in values:
            values["runners"] = {**DEFAULT_RUNNERS, **values["runners"]}
        if "pins" in values:
            values["pins"] = {name: Pin(**pin) for name, pin in values["pins"].items()}
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppMetadata:
    """What image.yaml says about an application; None where it is silent and something else decides."""

    types: tuple[ImageType, ...] | None = None
    arches: tuple[Arch, ...] | None = None
    versions: tuple[str, ...] | None = None
    description: str | None = None
    home: str | None = None
    build_args: Mapping[str, str] = field(default_factory=dict)
    init_env: tuple[str, ...] = ()

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """Typed metadata of data that its schema has accepted."""
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in data.items()
        }
        return cls(**values)


def load_settings(root: Path) -> Settings:
    """The settings of the repository at ``root``; raises InputError that names everything wrong with the file."""
    return Settings.from_data(_load(root / SETTINGS_FILE, SETTINGS_FILE, "settings"))


def load_app_metadata(app_dir: Path, shown: str | None = None) -> AppMetadata:
    """What ``app_dir/image.yaml`` says; raises InputError that names everything wrong with it.

    ``shown`` is what messages call the directory: by default its last two components.
    """
    directory = "/".join(app_dir.parts[-2:]) if shown is None else shown
    return AppMetadata.from_data(_load(app_dir / METADATA_FILE, f"{directory}/{METADATA_FILE}", "image"))


@functools.cache
def schema(name: Literal["settings", "image"]) -> dict[str, Any]:
    """The JSON Schema of a file that maintainers write."""
    path = Path(__file__).parent / "schemas" / f"{name}.schema.json"
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _load(path: Path, shown: str, schema_name: Literal["settings", "image"]) -> dict[str, Any]:
    if not path.exists():
        return {}
    document = yamlfile.load(path, shown)
    errors = sorted(_validator(schema_name).iter_errors(document.data), key=lambda error: [str(p) for p in error.path])
    problems = [problem for error in errors for problem in _problems(error, shown, document)]
    if problems:
        raise InputError(problems)
    data: dict[str, Any] = document.data
    return data


@functools.cache
def _validator(schema_name: Literal["settings", "image"]) -> jsonschema.Draft202012Validator:
    import jsonschema  # takes longer to import than everything else, and most trees have no file to check

    return jsonschema.Draft202012Validator(schema(schema_name))


def _problems(error: jsonschema.ValidationError, shown: str, document: yamlfile.Document) -> list[Problem]:
    """A validation error in our words: unknown keys with their neighbours, anything else with its place."""
    path: yamlfile.KeyPath = tuple(error.path)
    where = ".".join(str(part) for part in path)
    rule: Any = error.schema
    data: Any = error.instance
    if error.validator == "additionalProperties" and "properties" in rule:
        unknown = [key for key in data if key not in rule["properties"]]
        return [
            Problem(
                "unknown-key",
                f"{where}.{key} is no setting" if where else f"{key} is no setting",
                _neighbours(key, rule["properties"]),
                shown,
                document.lines.get((*path, key)),
            )
            for key in unknown
        ]
    reason = error.message if len(error.message) <= 300 else f"{error.message[:300]}..."
    if error.validator == "enum" and isinstance(data, str):
        hint = _neighbours(data, rule["enum"])
    else:
        hint = rule.get("description", "")
    return [Problem("bad-value", f"{where}: {reason}" if where else reason, hint, shown, document.lines.get(path))]


def _neighbours(word: str, known: Collection[str]) -> str:
    close = nearest(word, known, 1)
    return f"did you mean {close[0]!r}?" if close else f"one of: {', '.join(sorted(known))}"
