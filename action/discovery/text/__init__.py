"""The files of a context as text and as YAML trees that keep their lines."""
