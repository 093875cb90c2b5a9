"""Lists that people write: images/shim, archives, .sealignore."""
