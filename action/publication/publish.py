"""publish: built images -> the registry; the tag that people use comes last, when everything behind it is there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from action.model.reference import ImageReference
from action.model.results import PublishResult, Target
from action.publication.attempt import IsOlder, Publication, never_older
from action.publication.ready import find_images
from action.registry.client import RegistryClient
from action.registry.push import Pusher
from generator.names import Arch


def publish(
    target: Target,
    layouts: Mapping[Arch, Path],
    *,
    registry: str,
    namespace: str,
    client: RegistryClient,
    name: str | None = None,
    run: str = "",
    force: str | None = None,
    replace: str | None = None,
    mount_from: Sequence[str] = (),
    offered: Collection[Arch] = (),
    is_older: IsOlder = never_older,
) -> PublishResult:
    """Push every architecture of ``target``, then its index, and read that back.

    ``layouts`` are image layouts that hold ``<version>-<arch>``, built in the workflow run ``run``; ``name`` is what
    the image is called, the application by default. Nothing is pushed when an architecture is missing. ``offered`` are
    the architectures that the version can be built for: one that the target leaves out is taken into the index as it
    is published, and while there is none, the architecture's own tag is all that is published. What is there with the
    same content stays; other content is replaced only with a reason, which is recorded: ``replace``, unless what is
    there is of a later commit (``is_older``), or ``force`` to let nothing stay. ``mount_from`` names other
    applications whose blobs may be used.

    When somebody else publishes the same meanwhile, all is read again and decided anew. Raises ClusterImageError.
    """
    whole = ImageReference.parse(f"{registry}/{namespace}/{name or target.app}:{target.version}")
    publication = Publication(
        target=target,
        images=find_images(target, layouts, run),
        whole=whole,
        client=client,
        pusher=Pusher(client, whole, [f"{namespace}/{app}" for app in mount_from]),
        force=force,
        replace=replace,
        offered=offered,
        is_older=is_older,
    )
    return publication.publish()
