"""The applications tree: paths, build files, the catalog."""
