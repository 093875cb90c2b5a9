"""What the last stage of a Dockerfile starts from: what the tree has to know of one to say which types it is for."""

from __future__ import annotations

from pathlib import Path

from generator.errors import InputError


def ends_in_scratch(text: str) -> bool:
    """Whether the image that a build of ``text`` yields has nothing below its own files: FROM scratch.

    False for a text that no build takes: the build says what is wrong with it.
    """
    from generator.buildfile.parse import parse_text  # only a tree that has a Dockerfile needs the reader

    try:
        return parse_text(text, Path("Dockerfile")).from_scratch
    except InputError:
        return False
