"""Where ``build`` leaves what it made: an image layout directory, a packed one, or the registry."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from action.assembly.index import write_index
from action.assembly.manifest import layer_digests
from action.errors import InputError, Problem, UsageError
from action.model.address import default_destination
from action.model.origin import Origin, this_run
from action.model.results import BuildResult, PublishResult, Target
from action.publication.login import publishing_client
from action.publication.publish import publish
from action.publication.ready import check_one_content
from action.store.archive.packed_layout import pack
from action.store.oci.layout import OciLayout
from generator.names import Arch
from generator.settings.settings import Settings
from generator.tree.catalog import Version

_FORMS = "--output oci:DIR, oci-archive:FILE or registry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """An open destination: build into ``layout``, then ``finish``."""

    kind: Literal["oci", "oci-archive", "registry"]
    path: Path
    layout: OciLayout
    settings: Settings

    def finish(
        self, target: Target, results: Sequence[BuildResult], version: Version, force: str | None = None
    ) -> PublishResult | None:
        """Make the index of what was built and put everything in place; the index comes last.

        ``force`` is the reason why a registry may replace what it has.
        """
        if self.kind == "registry":
            for result in results:
                name_platform(self.layout, result)
            layouts: Mapping[Arch, Path] = {result.arch: self.layout.root for result in results}
            registry, namespace = default_destination(self.settings, target.type, os.environ)
            client = publishing_client(registry, self.settings, os.environ)
            return publish(
                target,
                layouts,
                registry=registry,
                namespace=namespace,
                client=client,
                name=version.image_name(target.type),
                run=this_run(os.environ),
                force=force,
                offered=version.arches,
            )
        manifests = {result.arch: result.digest for result in results if result.digest is not None}
        if target.type == "configs":
            check_one_content({arch: layer_digests(self.layout, digest) for arch, digest in manifests.items()})
        _put_whole(self.layout, self.name_of(target, version), manifests)
        if self.kind == "oci-archive":
            pack(self.layout, self.path)
        return None

    def name_of(self, target: Target, version: Version) -> str:
        """The whole reference that the image has in a layout: the one under which it would be published.

        ``localhost`` stands for a registry where nothing says which, as for podman: readers make something else of a
        name that is no whole reference.
        """
        name = f"{version.image_name(target.type)}:{target.version}"
        try:
            registry, namespace = default_destination(self.settings, target.type, os.environ)
        except InputError:
            return f"localhost/{name}"
        return f"{registry}/{namespace}/{name}"


def name_platform(layout: OciLayout, result: BuildResult) -> None:
    """Name what was built ``<version>-<arch>``, as publishing looks for it, with what it was built as."""
    if result.digest is not None:
        platform = {"os": "linux", "architecture": result.arch}
        origin = Origin(
            type=result.type, app=result.app, version=result.version, arch=result.arch, run=this_run(os.environ)
        )
        name = f"{result.version}-{result.arch}"
        layout.put_index(name, result.digest, platform=platform, annotations=origin.annotations())


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


def _put_whole(layout: OciLayout, name: str, manifests: Mapping[Arch, str]) -> None:
    """Name the index of all architectures, or the only image that there is: one entry, as readers of archives want."""
    if len(manifests) == 1:
        ((arch, digest),) = manifests.items()
        layout.put_index(name, digest, platform={"os": "linux", "architecture": arch})
    else:
        layout.put_index(name, write_index(layout, manifests))
