"""From findings to ``registry/``: resolve, arrange, fill, place."""
