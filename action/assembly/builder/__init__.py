"""Builds with ``docker buildx`` or ``buildah``: base images by digest, one run, the result taken over."""
