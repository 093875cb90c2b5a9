"""Assembles build files that only copy, without a builder: COPY as BuildKit and buildah read it."""
