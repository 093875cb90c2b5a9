"""Applications whose blobs another would use (``mount_from`` of image.yaml): each must be one, and another."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from generator.errors import Problem
from generator.names import nearest
from generator.settings.settings import METADATA_FILE
from generator.tree.model import App


def unknown_neighbours(apps: Collection[App]) -> Iterator[Problem]:
    """A warning for every name that is no other application."""
    names = {app.name for app in apps}
    for app in apps:
        version = next(iter(app.versions.values()), None)  # all versions have the same image.yaml
        for name in version.metadata.mount_from if version else ():
            others = names - {app.name}
            if name not in others:
                yield _unknown(app, name, nearest(name, others, 1))


def _unknown(app: App, name: str, close: list[str]) -> Problem:
    message = f"mount_from: {name} is {'the application itself' if name == app.name else 'no application'}"
    hint = f"did you mean {close[0]}?" if close else "name another application of this repository"
    return Problem("unknown-app", message, hint, f"{app.root}/{app.name}/{METADATA_FILE}", severity="warning")
