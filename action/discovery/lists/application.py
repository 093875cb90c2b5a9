"""What the application of a build context says in its image.yaml, where the context lies in a tree of applications."""

from __future__ import annotations

from pathlib import Path

from action.discovery.lists.choices import chosen
from action.model.findings import Scan
from generator.settings.settings import (
    DEFAULT_ROOTS,
    METADATA_FILE,
    SETTINGS_FILE,
    Settings,
    load_app_metadata,
    load_settings,
)


def as_chosen(scan: Scan, context: Path) -> Scan:
    """The scan of ``context`` after ``accept`` and ``refuse`` of its application; the same for any other directory.

    Raises InputError for settings or an image.yaml that are wrong.
    """
    application = _application(context.resolve())
    if application is None or not (application / METADATA_FILE).is_file():
        return scan
    metadata = load_app_metadata(application)
    return chosen(scan, metadata.accept, metadata.refuse)


def settings_of(context: Path) -> Settings:
    """The settings of the repository that the context lies in; the defaults outside of one."""
    directory = context.resolve()
    return load_settings(next((one for one in directory.parents if (one / SETTINGS_FILE).is_file()), directory))


def _application(context: Path) -> Path | None:
    """The directory of the application, when the context is ``<repository>/<root>/<app>/<version>``."""
    for repository in context.parents:
        settled = (repository / SETTINGS_FILE).is_file()
        roots = load_settings(repository).roots if settled else DEFAULT_ROOTS
        directories = {repository / directory for names in roots.values() for directory in names}
        if context.parent.parent in directories:
            return context.parent
        if settled:
            return None
    return None
