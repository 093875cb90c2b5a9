"""Images made in memory, put into ``registry/`` of a context as placing does, with no registry to pull from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from action.model.results import ImageInside
from action.store.directory.write import Contents, RegistryDirectory
from tests.support.images import Image


def put_images(context: Path, images: Mapping[str, Image], registry: str = "registry") -> list[ImageInside]:
    """``images`` by their short names (``x:1`` is docker.io/library/x:1); the bill that placing makes of them."""
    directory = RegistryDirectory(context / registry)
    names = {f"library/{name.partition(':')[0]}": image for name, image in images.items()}
    tags = {(f"library/{name.partition(':')[0]}", name.partition(":")[2]): image for name, image in images.items()}
    contents = Contents(
        layers={path: frozenset(image.blobs) for path, image in names.items()},
        revisions={path: frozenset({image.digest}) for path, image in names.items()},
        tags={place: image.digest for place, image in tags.items()},
        manifests={image.digest: image.body for image in names.values()},
    )
    with directory.locked():
        for digest, data in (item for image in names.values() for item in image.blobs.items()):
            directory.blob_path(digest).parent.mkdir(parents=True, exist_ok=True)
            directory.blob_path(digest).write_bytes(data)
        directory.write_links(contents)
        directory.switch_tags(contents)
        directory.leave_no_staging()
    return [
        ImageInside(
            reference=f"docker.io/{path}:{tag}",
            path=path,
            tag=tag,
            index_digest=None,
            digest=image.digest,
            size=len(image.body) + sum(len(data) for data in image.blobs.values()),
            found=("manifests/x.yaml:1",),
        )
        for (path, tag), image in tags.items()
    ]
