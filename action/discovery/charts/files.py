"""The files of a chart, from its folder or its archive, read without rendering: metadata, values, templates."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from action.context.beneath import read_beneath
from action.discovery.text.files import MAX_TEXT, relative
from action.discovery.text.tree import Map, Plain, Tree, plain
from action.discovery.text.yaml_reader import first_tree, single
from action.errors import InputError, Problem

MAX_ARCHIVE = 64 * 1024 * 1024
"""Bytes of one chart archive as it is."""
MAX_UNPACKED = 256 * 1024 * 1024
"""Bytes of one chart archive once unpacked."""
MAX_FILES = 20_000


@dataclass(frozen=True)
class ChartFiles:
    """A chart as files: ``files`` maps paths below its folder to bytes, packed subcharts unpacked in place.

    ``path`` is what helm is given, ``label`` what a user calls it (``charts/web`` or ``charts/web-1.2.tgz``).
    """

    path: Path
    label: str
    folder: str
    files: Mapping[str, bytes] = field(repr=False)
    metadata: Mapping[str, Plain] = field(repr=False)
    _trees: dict[str, Tree] = field(default_factory=dict, repr=False, compare=False)

    @property
    def name(self) -> str:
        """The chart's own name, which need not be that of its folder."""
        return str(self.metadata.get("name") or self.folder)

    def text(self, name: str) -> str | None:
        """A file of the chart as text, None when the chart has no such file."""
        data = self.files.get(name)
        return None if data is None else data.decode("utf-8", "replace").replace("\r\n", "\n")

    def tree(self, name: str, *path: str) -> Tree:
        """What stands below ``path`` in the first document of a YAML file; None when it has no such thing."""
        if name not in self._trees:
            self._trees[name] = first_tree(self.text(name) or "")
        here = self._trees[name]
        for step in path:
            here = here.get(step) if isinstance(here, Map) else None
        return here

    @cached_property
    def templates(self) -> tuple[tuple[str, str], ...]:
        """Path and text of every template, subcharts included."""
        return tuple(
            (name, self.text(name) or "")
            for name in sorted(self.files)
            if "templates/" in f"/{name}" and name.rpartition(".")[2] in ("yaml", "yml", "tpl", "txt", "json")
        )

    def place(self, template: str) -> str:
        """The path under which a user finds ``web/templates/a.yaml`` that helm speaks of."""
        _, _, below = template.partition("/")
        return f"{self.label}!{template}" if self.path.is_file() else f"{self.label}/{below}"

    def missing_dependencies(self) -> Iterator[tuple[str, str]]:
        """Declared dependencies that are not vendored: whose they are (a path in the chart) and their names."""
        manifests = [name for name in sorted(self.files) if name == "Chart.yaml" or name.endswith("/Chart.yaml")]
        for manifest in manifests:
            base = manifest.removesuffix("Chart.yaml")
            if base and base.split("/")[-3:-2] != ["charts"]:
                continue
            for wanted in self._declared(base):
                if not self._vendored(base, wanted):
                    yield manifest, wanted

    def _declared(self, base: str) -> list[str]:
        names = []
        for file in ("Chart.yaml", "requirements.yaml"):
            entries = self.tree(f"{base}{file}", "dependencies")
            for entry in entries if isinstance(entries, list) else []:
                if isinstance(entry, Map) and isinstance(entry.get("name"), str):
                    names.append(str(entry["name"]))
        return names

    def _vendored(self, base: str, wanted: str) -> bool:
        if f"{base}charts/{wanted}/Chart.yaml" in self.files:
            return True
        below = f"{base}charts/"
        return any(
            self.tree(name, "name") == wanted
            for name in self.files
            if name.startswith(below) and name.endswith("/Chart.yaml") and name.count("/") == below.count("/") + 1
        )


def read_chart(context: Path, path: Path, label: str) -> ChartFiles:
    """The files of a chart folder or archive of a context; raises InputError ``not-a-chart`` or ``bad-chart``.

    What a helm program would read of other places is refused, because helm follows links wherever they lead.
    """
    try:
        if path.is_dir():
            folder, files = path.name, dict(_folder_files(context, path, label))
        else:
            folder, files = _archive_files(read_beneath(context, relative(path, context), MAX_ARCHIVE), label)
    except OSError as error:
        raise InputError(Problem("bad-chart", f"cannot be read: {error.strerror}", file=label)) from error
    _unpack_subcharts(files, label)
    if "Chart.yaml" not in files:
        raise InputError(Problem("not-a-chart", "has no Chart.yaml, so it is not a chart", file=label))
    metadata = single(files["Chart.yaml"].decode("utf-8-sig", "replace"), f"{label}/Chart.yaml")
    values = plain(metadata)
    return ChartFiles(path, label, folder, files, values if isinstance(values, dict) else {})


def _folder_files(context: Path, path: Path, label: str) -> Iterator[tuple[str, bytes]]:
    root, inside = str(path), f"{os.path.realpath(context)}/"
    for folder, folders, names in os.walk(root):
        for name in (*folders, *names):
            full = f"{folder}/{name}"
            status = os.lstat(full)
            if stat.S_ISLNK(status.st_mode):
                # Helm goes where the machine does, so that place must be in the context.
                if not os.path.realpath(full).startswith(inside):
                    raise _unsafe("is a link that leads out of the build directory", f"{label}{full[len(root) :]}")
                status = os.stat(full) if os.path.exists(full) else status  # noqa: PTH110, PTH116 - charts have many
            elif not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
                raise _unsafe("is neither a file, a directory nor a link", f"{label}{full[len(root) :]}")
            if stat.S_ISREG(status.st_mode) and status.st_size <= MAX_TEXT:
                with open(full, "rb") as file:  # noqa: PTH123
                    yield full[len(root) + 1 :], file.read()


def _unsafe(message: str, file: str) -> InputError:
    return InputError(Problem("unsafe-file", message, "charts hold files of their own only", file))


def _archive_files(data: bytes, label: str) -> tuple[str, dict[str, bytes]]:
    files: dict[str, bytes] = {}
    folder, total = "", 0
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:*") as archive:
            for member in archive:
                if not member.isfile():
                    continue
                total += member.size
                if total > MAX_UNPACKED or len(files) >= MAX_FILES:
                    raise InputError(Problem("bad-chart", "unpacks to more than a chart ever needs", file=label))
                folder, _, name = member.name.removeprefix("./").partition("/")
                opened = archive.extractfile(member)
                if name and opened is not None:
                    files[name] = opened.read()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise InputError(Problem("bad-chart", f"is not a chart archive: {error}", file=label)) from error
    return folder, files


def _unpack_subcharts(files: dict[str, bytes], label: str) -> None:
    waiting = [name for name in files if _is_packed(name)]
    while waiting and len(files) < MAX_FILES:
        name = waiting.pop()
        try:
            folder, inner = _archive_files(files[name], f"{label}/{name}")
        except InputError:
            continue
        base = f"{name.rpartition('/')[0]}/{folder}"
        for path, data in inner.items():
            full = f"{base}/{path}"
            files.setdefault(full, data)
            if _is_packed(full):
                waiting.append(full)


def _is_packed(name: str) -> bool:
    return name.endswith(".tgz") and (name.startswith("charts/") or "/charts/" in name)
