"""OCI vocabulary: digests, media types, descriptors, manifests, platforms, layouts."""
