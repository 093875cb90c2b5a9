"""An image with the manifest that its registry gave for it."""

from __future__ import annotations

from typing import NamedTuple

from action.model.findings import Finding
from action.store.oci.image import ImageSource, Leaf
from action.store.oci.manifest import Manifest, Part
from action.store.oci.whole_index import WholeIndex, changed_by_copying


class Resolved(NamedTuple):
    """A finding, the image that it means for the architecture at hand, and where its blobs are read.

    ``whole`` is the index that is to be kept with all that it names; ``lossy`` says why it cannot be, where it should.
    """

    finding: Finding
    leaf: Leaf
    source: ImageSource
    whole: WholeIndex | None = None
    lossy: str = ""

    @property
    def meant(self) -> str:
        """The digest that its tag means."""
        return self.whole.digest if self.whole else self.leaf.manifest.digest

    @property
    def manifests(self) -> tuple[Manifest, ...]:
        """Every manifest and index that is kept of it."""
        return (*self.leaf.indexes, self.leaf.manifest, *(self.whole.manifests if self.whole else ()))

    @property
    def parts(self) -> tuple[Part, ...]:
        """Its blobs, each once: the configuration and the layers, and those of other platforms with a whole index."""
        own = (self.leaf.image.config, *self.leaf.image.layers)
        return tuple({part.digest: part for part in (*own, *(self.whole.parts if self.whole else ()))}.values())

    @property
    def keeps_its_digest(self) -> bool:
        """Whether a node can ask for it by the digest that was written, after Sealos has copied what has a tag."""
        return self.meant == self.finding.reference.digest and not changed_by_copying(self.parts)
