"""Makes new places in the tree: a starting directory for an application, and further versions of one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from generator.errors import InputError, Problem
from generator.names import ImageType, app_fault, nearest, version_fault
from generator.settings.settings import METADATA_FILE, Settings
from generator.settings.yaml_edit import edit
from generator.tree.catalog import read_catalog
from generator.tree.model import LATEST, App

if TYPE_CHECKING:
    from ruamel.yaml.comments import CommentedMap

_KUBEFILE = """\
FROM scratch
LABEL org.opencontainers.image.title="{app}"
COPY {directory} ./{directory}
{registry}CMD ["kubectl apply --filename {directory}"]
"""
# The container images inside: made beside the Kubefile by a build, empty when there are none.
_REGISTRY = "COPY registry ./registry\n"
_MANIFEST = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {app}
  namespace: default
data: {{}}
"""
_DOCKERFILE = """\
FROM docker.io/library/busybox:1.37.0
CMD ["echo", "{app}"]
"""
_METADATA = """\
# yaml-language-server: $schema={schema}
description: {app}
types: [{type}]
"""
# What a new application starts with, by its type: paths below the version directory.
_FILES: dict[ImageType, dict[str, str]] = {
    "apps": {
        "Kubefile": _KUBEFILE.replace("{directory}", "manifests").replace("{registry}", _REGISTRY),
        "manifests/{app}.yaml": _MANIFEST,
    },
    "configs": {
        "Kubefile": _KUBEFILE.replace("{directory}", "etc").replace("{registry}", ""),
        "etc/{app}.yaml": _MANIFEST,
    },
    "dockerimages": {"Dockerfile": _DOCKERFILE},
}


def new_app(root: Path, settings: Settings, image_type: ImageType, app: str, version: str) -> list[str]:
    """Write the starting files of an application; returns their paths. Raises InputError and writes nothing."""
    _require(app, app_fault(app))
    _require(version, version_fault(version))
    roots = settings.roots.get(image_type, ())
    if not roots:
        raise InputError(Problem("no-such-root", f"no directory is for {image_type}", "set roots in imagebuild.yaml"))
    for directory in {each for directories in settings.roots.values() for each in directories}:
        existing = root / directory
        if existing.is_dir() and app in {path.name.casefold() for path in existing.iterdir()}:
            hint = f"for one version more: python -m generator add-version {app} VERSION"
            raise InputError(
                Problem("app-exists", f"there is an application {app} already", hint, f"{directory}/{app}")
            )
    place = f"{roots[0]}/{app}"
    schema = "../" * (place.count("/") + 1) + "generator/schemas/image.schema.json"
    files = {f"{place}/{METADATA_FILE}": _METADATA.format(schema=schema, app=app, type=image_type)}
    for name, text in _FILES[image_type].items():
        files[f"{place}/{version}/{name.format(app=app)}"] = text.format(app=app)
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8", newline="\n")
    return sorted(files)


def add_version(root: Path, settings: Settings, app: str, version: str, source: str | None) -> str:
    """Add a version: a copy of the directory ``source``, or an entry for ``latest/`` to be built as. Says which."""
    _require(version, version_fault(version))
    found = _find(root, settings, app)
    place = f"{found.root}/{app}"
    if version in {each.name for each in found.built} | set(found.versions):
        raise InputError(Problem("version-exists", f"{app} has the version {version} already", file=place))
    if source is None and LATEST in found.versions:
        edit(root / place / METADATA_FILE, f"{place}/{METADATA_FILE}", _appending(found, version))
        return f"{place}/{METADATA_FILE}"
    known = list(found.versions)
    source = source or (known[-1] if known else "")
    if source not in found.versions:
        close = nearest(source, known, 1)
        hint = f"did you mean {close[0]}?" if close else f"it has {', '.join(known) or 'none'}"
        raise InputError(Problem("unknown-version", f"{app} has no version {source!r} to copy", hint, place))
    target = root / place / version
    try:
        shutil.copytree(found.versions[source].directory, target, symlinks=True)
    except (OSError, shutil.Error) as error:
        shutil.rmtree(target, ignore_errors=True)
        raise InputError(Problem("not-copied", f"{place}/{source} cannot be copied: {error}", file=place)) from error
    return f"{place}/{version}"


def _appending(app: App, version: str) -> Callable[[CommentedMap], None]:
    """The edit that lists a version; ``latest`` goes on being built when it was, because no list said otherwise."""

    def change(data: CommentedMap) -> None:
        if data.get("versions") is None:
            data["versions"] = [each.name for each in app.built if each.context.endswith(f"/{LATEST}")]
        data["versions"].append(version)

    return change


def _find(root: Path, settings: Settings, name: str) -> App:
    apps = read_catalog(root, settings).apps
    for app in apps:
        if app.name == name:
            if app.problem is not None:
                raise InputError(app.problem)
            return app
    close = nearest(name, {app.name for app in apps})
    hint = f"did you mean {' or '.join(close)}?" if close else f"to start one: python -m generator new {name}"
    raise InputError(Problem("unknown-app", f"there is no application {name!r}", hint))


def _require(name: str, fault: str | None) -> None:
    if fault is not None:
        raise InputError(Problem("bad-name", f"{name!r} {fault}"))
