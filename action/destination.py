"""Where ``build`` leaves what it made: an image layout directory, a packed one, or the registry."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from action.errors import InputError, Problem, UsageError
from action.image.index import make_index
from action.image.manifest import layer_digests
from action.login import publishing_client
from action.publish import default_destination, publish
from action.publishing import check_one_content
from action.results import BuildResult, PublishResult, Target
from action.store.oci_layout import OciLayout
from generator.config import Settings
from generator.names import Arch

_FORMS = "--output oci:DIR, oci-archive:FILE or registry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """An open destination: build into ``layout``, then ``finish``."""

    kind: Literal["oci", "oci-archive", "registry"]
    path: Path
    layout: OciLayout
    settings: Settings

    def finish(
        self, target: Target, results: Sequence[BuildResult], offered: Collection[Arch], force: str | None = None
    ) -> PublishResult | None:
        """Make the index of what was built and put everything in place; the index comes last.

        ``force`` is the reason why a registry may replace what it has.
        """
        if self.kind == "registry":
            layouts: Mapping[Arch, Path] = {result.arch: self.layout.root for result in results}
            registry, namespace = default_destination(self.settings, os.environ)
            client = publishing_client(registry, self.settings, os.environ)
            return publish(
                target,
                layouts,
                registry=registry,
                namespace=namespace,
                client=client,
                force=force,
                offered=offered,
            )
        manifests = {result.arch: result.digest for result in results if result.digest is not None}
        if target.type == "configs":
            check_one_content({arch: layer_digests(self.layout, digest) for arch, digest in manifests.items()})
        make_index(self.layout, target.version, manifests)
        if self.kind == "oci-archive":
            _pack(self.layout.root, self.path)
        return None


@contextmanager
def open_destination(text: str, settings: Settings) -> Iterator[Destination]:
    """Check the destination before anything is built; what a failed build has written into a new one is removed.

    Raises UsageError when ``text`` has none of the three forms, InputError when a folder holds something else.
    """
    form, _, name = text.partition(":")
    if form == "oci" and name:
        with _new_layout(Path(name)) as layout:
            yield Destination(kind="oci", path=layout.root, layout=layout, settings=settings)
    elif form == "oci-archive" and name:
        with tempfile.TemporaryDirectory(prefix="cluster-image-") as folder:
            yield Destination(kind="oci-archive", path=Path(name), layout=OciLayout(Path(folder)), settings=settings)
    elif text == "registry":
        with tempfile.TemporaryDirectory(prefix="cluster-image-") as folder:
            yield Destination(kind="registry", path=Path(), layout=OciLayout(Path(folder)), settings=settings)
    else:
        raise UsageError(Problem("bad-output", f"the output {text!r} has none of the forms there are", _FORMS))


@contextmanager
def _new_layout(path: Path) -> Iterator[OciLayout]:
    """A layout to add to; one that a failed build has begun is removed again."""
    existed = _check_layout(path)
    try:
        yield OciLayout(path)
    except BaseException:
        if not existed:
            shutil.rmtree(path, ignore_errors=True)
        raise


def _check_layout(path: Path) -> bool:
    """Whether the layout is there already; a folder with anything else in it is refused."""
    if (path / "oci-layout").is_file():
        return True
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise InputError(
            Problem("not-a-layout", "is there and is no image layout", "name another folder, or remove it", str(path))
        )
    return False


def _pack(folder: Path, archive: Path) -> None:
    """The layout as a tar file: complete under its name, or not there at all."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    staged = archive.with_name(f".{archive.name}.{os.getpid()}")
    try:
        with tarfile.open(staged, "w") as tar:
            for path in sorted(folder.rglob("*")):
                tar.add(path, path.relative_to(folder).as_posix(), recursive=False)
        staged.replace(archive)
    finally:
        staged.unlink(missing_ok=True)
