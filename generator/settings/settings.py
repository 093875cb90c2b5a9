"""imagebuild.yaml and image.yaml, as typed values: every default of the project is in this file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

from generator.errors import InputError
from generator.names import ARCHES, IMAGE_TYPES, Arch, ImageType
from generator.settings.init_env import refused_variables
from generator.settings.validation import load_checked

SETTINGS_FILE = "imagebuild.yaml"
METADATA_FILE = "image.yaml"

Permission = Literal["read", "triage", "write", "maintain", "admin"]
Engine = Literal["auto", "native", "buildah", "buildx"]
Indexes = Literal["needed", "full"]
Compression = Literal["zstd", "gzip"]

DEFAULT_ROOTS: Mapping[ImageType, tuple[str, ...]] = dict.fromkeys(IMAGE_TYPES, ("applications",))
DEFAULT_RUNNERS: Mapping[Arch, str] = {"amd64": "ubuntu-24.04", "arm64": "ubuntu-24.04-arm"}
# Every reader that docs/building.md lists takes it, and it is smaller and ten times as fast to write as gzip.
DEFAULT_COMPRESSION: Compression = "zstd"


class Pin(NamedTuple):
    """One commit of a third-party action, and the version that it is."""

    version: str
    commit: str


class SecretNames(NamedTuple):
    """What the secrets of a repository are called that hold a login."""

    username: str
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeSettings:
    """What is otherwise for the images of one type; None where it is not."""

    registry: str | None = None
    namespace: str | None = None
    secrets: SecretNames | None = None


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
    indexes: Indexes = "needed"
    compression: Compression = DEFAULT_COMPRESSION
    init_env: tuple[str, ...] = ()
    allow_unboxed_init: bool = False
    attest: bool = False
    look_inside: bool = False
    types: Mapping[ImageType, TypeSettings] = field(default_factory=dict)
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
        if "types" in values:
            values["types"] = {name: _type_settings(given) for name, given in values["types"].items()}
        if "pins" in values:
            values["pins"] = {name: Pin(**pin) for name, pin in values["pins"].items()}
        return cls(**values)

    def destination(self, image_type: ImageType) -> tuple[str | None, str | None]:
        """Registry and namespace of the images of a type, each None where the workflow is to know it."""
        own = self.types.get(image_type, TypeSettings())
        return own.registry or self.registry, own.namespace or self.namespace


def _type_settings(data: Mapping[str, Any]) -> TypeSettings:
    secrets = data.get("secrets")
    return TypeSettings(**{**data, "secrets": SecretNames(**secrets) if secrets else None})


class Choice(NamedTuple):
    """Images, as a name or a glob, that an application accepts or refuses, and why."""

    image: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AppMetadata:
    """What image.yaml says about an application; None where it is silent and something else decides."""

    types: tuple[ImageType, ...] | None = None
    arches: tuple[Arch, ...] | None = None
    versions: tuple[str, ...] | None = None
    names: Mapping[ImageType, str] = field(default_factory=dict)
    description: str | None = None
    home: str | None = None
    licenses: str | None = None
    mount_from: tuple[str, ...] = ()
    accept: tuple[Choice, ...] = ()
    refuse: tuple[Choice, ...] = ()
    build_args: Mapping[str, str] = field(default_factory=dict)
    init_env: tuple[str, ...] = ()

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """Typed metadata of data that its schema has accepted."""
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in data.items()
        }
        for key in ("accept", "refuse"):
            values[key] = tuple(Choice(**choice) for choice in data.get(key, ()))
        return cls(**values)


def load_settings(root: Path) -> Settings:
    """The settings of the repository at ``root``; raises InputError that names everything wrong with the file."""
    settings = Settings.from_data(load_checked(root / SETTINGS_FILE, SETTINGS_FILE, "settings"))
    if problems := refused_variables(settings.init_env, SETTINGS_FILE):
        raise InputError(problems)
    return settings


def load_app_metadata(app_dir: Path, shown: str | None = None) -> AppMetadata:
    """What ``app_dir/image.yaml`` says; raises InputError that names everything wrong with it.

    ``shown`` is what messages call the directory: by default its last two components.
    """
    directory = "/".join(app_dir.parts[-2:]) if shown is None else shown
    return AppMetadata.from_data(load_checked(app_dir / METADATA_FILE, f"{directory}/{METADATA_FILE}", "image"))
