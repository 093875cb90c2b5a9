"""Archives of images: docker-archive and oci-archive files."""
