"""Which of the manifests below an index is the image for one architecture: through nested indexes to the leaf."""

from __future__ import annotations

from action.errors import InputError
from action.store.oci import media
from action.store.oci.image import CONFIG_LIMIT, ImageSource, Leaf
from action.store.oci.manifest import (
    ImageIndex,
    ImageManifest,
    Manifest,
    Part,
    Platform,
    parse_config,
    parse_manifest,
    refused,
)
from generator.names import Arch

_MAX_DEPTH = 4
# Instruction set levels that every node has come first; what a node may lack comes last (GOAMD64, GOARM64).
_VARIANTS = ("", "v2", "v3", "v4")


def find_leaf(top: Manifest, source: ImageSource, arch: Arch, name: str) -> Leaf:
    """The image for ``linux/<arch>``; ``name`` is what to call it in messages.

    Raises InputError: ``no-platform`` when it does not exist for the architecture, ``wrong-platform`` when it says it
    is for another one, ``unsupported-image`` when no runtime could run it.
    """
    leaf = _search(top, source, arch, name, ())
    if isinstance(leaf, Leaf):
        return leaf
    offered = ", ".join(sorted({str(platform) for platform in leaf})) or "no image at all"
    raise refused(name, f"has nothing for linux/{arch}; it offers {offered}", code="no-platform")


def _search(
    manifest: Manifest, source: ImageSource, arch: Arch, name: str, above: tuple[Manifest, ...]
) -> Leaf | list[Platform]:
    """The leaf, or the platforms that there are instead."""
    parsed = parse_manifest(manifest.body, manifest.media_type, name)
    if isinstance(parsed, ImageManifest):
        return _checked(manifest, parsed, source, arch, name, above)
    if len(above) == _MAX_DEPTH:
        raise refused(name, f"has indexes nested more than {_MAX_DEPTH} deep")
    offered: list[Platform] = []
    for entry in _candidates(parsed, arch):
        child = source.manifest(entry)
        if len(child.body) != entry.size:
            raise refused(name, f"gives {entry.size} bytes for {entry.digest}, which has {len(child.body)}")
        try:
            found = _search(child, source, arch, name, (*above, manifest))
        except InputError as error:
            # An entry that does not say its platform is only a candidate: its configuration decides.
            if entry.platform is None and error.problems[0].code == "wrong-platform":
                continue
            raise
        if isinstance(found, Leaf):
            return found
        offered += found
    return offered + [entry.platform for entry in parsed.entries if entry.platform is not None]


def _candidates(index: ImageIndex, arch: Arch) -> list[Part]:
    """The entries that may lead to the architecture: named images first, then indexes, then those that do not say."""
    matching = [part for part in index.entries if part.platform and part.platform[:2] == ("linux", arch)]
    named = [part for part in matching if part.media_type not in media.INDEX_TYPES]
    named.sort(key=lambda part: _variant_rank(part.platform))
    lists = [
        part
        for part in index.entries
        if part.media_type in media.INDEX_TYPES
        and (part.platform is None or part in matching or not any(part.platform))
    ]
    silent = [part for part in index.entries if part.platform is None and part.media_type in media.IMAGE_TYPES]
    return [*named[:1], *lists, *silent]


def _variant_rank(platform: Platform | None) -> int:
    variant = platform.variant if platform else ""
    return _VARIANTS.index(variant) if variant in _VARIANTS else len(_VARIANTS)


def _checked(
    manifest: Manifest, image: ImageManifest, source: ImageSource, arch: Arch, name: str, above: tuple[Manifest, ...]
) -> Leaf:
    if image.config.size > CONFIG_LIMIT:
        raise refused(name, f"has a configuration of {image.config.size} bytes; the limit is {CONFIG_LIMIT}")
    config = source.small_blob(image.config)
    says = parse_config(config, name)
    if says[:2] != ("linux", arch):
        raise refused(
            name,
            f"is an image for {says} by its own configuration, not for linux/{arch}",
            "ask its publisher for an image of this architecture, or leave it out with .sealignore",
            "wrong-platform",
        )
    return Leaf(manifest=manifest, indexes=above, image=image, config=config)
