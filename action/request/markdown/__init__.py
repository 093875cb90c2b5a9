"""Which lines of a Markdown text a reader sees as prose."""
