"""Which rows of the tree an event that is no request builds: dispatched, scheduled, pushed, or a pull request."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

from action.errors import InputError, Problem
from generator.builds.affected import event_rows
from generator.builds.git import event_base
from generator.builds.matrix import Row, Selection, rows, version_rows
from generator.names import ARCHES, IMAGE_TYPES, Arch, ImageType
from generator.settings.settings import Settings
from generator.tree.catalog import Catalog, read_catalog


def select_rows(event_name: str, event: Mapping[str, Any], root: Path, settings: Settings) -> list[Row]:
    """The rows that ``event`` asks for; raises InputError when its inputs name nothing that there is."""
    if event_name == "workflow_dispatch":
        return _dispatched(event.get("inputs") or {}, root, settings)
    if event_name == "schedule":
        return list(rows(read_catalog(root, settings), settings))
    if event_name in ("push", "pull_request", "merge_group"):
        if event_name == "push":
            _fetch_before(event, root)
        return event_rows(event_name, event, root, settings)
    raise InputError(Problem("other-event", f"the event {event_name!r} builds nothing"))


def base_note(event_name: str, event: Mapping[str, Any], root: Path) -> str:
    """What to say of a push that can be compared with nothing; empty otherwise."""
    if event_name != "push" or event_base(event_name, event, root) is not None:
        return ""
    return ", which is everything: what was there before is not known, so only what is published is left as it is"


def _fetch_before(event: Mapping[str, Any], root: Path) -> None:
    """The old tip of a forced push, which a clone does not have; GitHub still serves it for a while."""
    before = str(event.get("before") or "")
    if re.fullmatch(r"[0-9a-f]{40,64}", before) and before.strip("0") and event_base("push", event, root) is None:
        command = ["git", "-C", str(root), "fetch", "--quiet", "--no-tags", "--depth=1", "origin", before]
        environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
        subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)


class Reasons(NamedTuple):
    """Why what is published may be made again (``force``), or may give way to other content (``replace``)."""

    force: str = ""
    replace: str = ""


def reasons(event_name: str, event: Mapping[str, Any]) -> Reasons:
    """The reasons of an event, empty where it has none.

    What is merged and what a schedule finds changed is the maintainers' own word; a dispatch has to say it.
    """
    if event_name == "push":
        return Reasons(replace=f"pushed as {str(event.get('after') or '')[:12]}")
    if event_name == "schedule":
        return Reasons(replace="built again by schedule")
    return Reasons(force=str((event.get("inputs") or {}).get("force") or ""))


def _dispatched(inputs: Mapping[str, Any], root: Path, settings: Settings) -> list[Row]:
    """An application with a version is built even when only its ``latest/`` can serve it; otherwise a selection."""
    values = {name: str(inputs.get(name) or "").strip() for name in ("type", "app", "version", "arch")}
    types = cast("tuple[ImageType, ...]", _one_of(values["type"], IMAGE_TYPES, "type"))
    arches = cast("tuple[Arch, ...]", _one_of(values["arch"], ARCHES, "architecture"))
    catalog = read_catalog(root, settings)
    if values["app"] and values["version"]:
        found = _named(catalog, settings, types, values["app"], values["version"], arches)
    else:
        selection = Selection(
            types,
            (values["app"],) if values["app"] else (),
            (values["version"],) if values["version"] else (),
            arches,
        )
        found = list(rows(catalog, settings, selection))
    if not found:
        asked = ", ".join(f"{name} {value!r}" for name, value in values.items() if value)
        message = f"nothing in the tree matches {asked or 'the selection'}"
        raise InputError(Problem("nothing-selected", message, "`python -m generator list` shows every row"))
    return found


def _named(
    catalog: Catalog,
    settings: Settings,
    types: tuple[ImageType, ...],
    app: str,
    name: str,
    arches: tuple[Arch, ...],
) -> list[Row]:
    """One version in the types that were asked for, else in those that its directory is for."""
    found: list[Row] = []
    refused: InputError | None = None
    for image_type in types or IMAGE_TYPES:
        try:
            version = catalog.resolve(image_type, app, name)
        except InputError as error:
            refused = refused or error
            continue
        if types or image_type in version.types:
            found += version_rows(version, image_type, settings, arches=arches)
    if refused is not None and not found:
        raise refused
    return found


def _one_of(value: str, known: tuple[str, ...], what: str) -> tuple[str, ...]:
    if value in ("", "all"):
        return ()
    if value not in known:
        raise InputError(Problem("bad-selection", f"there is no {what} {value!r}", f"one of {', '.join(known)}"))
    return (value,)
