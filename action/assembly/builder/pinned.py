"""A build file that can mean one thing only: the same, with each base image by its digest (pure).

Builders have a flag for this (``--build-context name=docker-image://...``) that does less: buildah compares the name
before it replaces variables, and both take it for a stage of the same name as well (``FROM golang AS golang``).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

from action.assembly.builder.bases import Base
from action.assembly.builder.image_names import MOUNTED_FROM, Source
from generator.buildfile.instructions import Instruction


def pinned_text(text: str, named: Sequence[Source], bases: Sequence[Base], name_of: Callable[[Base], str]) -> str:
    """``text`` of a build file with the sources ``named`` by what ``name_of`` calls their base.

    Names of stages become lower case: buildah tells it from upper case, and BuildKit takes no ``FROM Stage``. Lines
    keep their numbers, by which builders report what is wrong.
    """
    names = {(base.reference, base.arch): name_of(base) for base in bases}
    changed: dict[int, list[Source]] = defaultdict(list)
    for source in named:
        changed[source.instruction.line].append(source)
    lines = text.split("\n")
    for sources in changed.values():
        instruction = sources[0].instruction
        count = instruction.last_line - instruction.line + 1
        words = {one.word: names[one.reference, one.arch] if one.reference else one.stage for one in sources}
        # The blank lines come first: what follows the instruction may be its here-document.
        lines[instruction.line - 1 : instruction.last_line] = [""] * (count - 1) + [_line(instruction, words)]
    return "\n".join(lines)


def _line(instruction: Instruction, words: dict[str, str]) -> str:
    if instruction.keyword == "# syntax":
        return f"# syntax={words[instruction.args[0]]}"
    renamed = _renamed(instruction, words)
    flags = [f"--{name}" if value is None else f"--{name}={value}" for name, value in renamed.flags]
    listed = json.dumps(renamed.args, ensure_ascii=False) if renamed.form == "exec" else " ".join(renamed.args)
    return " ".join([renamed.keyword, *flags, listed])


def _renamed(instruction: Instruction, words: dict[str, str]) -> Instruction:
    if instruction.keyword == "FROM":
        base, *alias = instruction.args  # FROM base AS stage
        return replace(instruction, args=(words[base], *alias[:1], *(word.lower() for word in alias[1:])))
    return replace(instruction, flags=tuple((name, _flag(name, value, words)) for name, value in instruction.flags))


def _flag(name: str, value: str | None, words: dict[str, str]) -> str | None:
    if value is None:
        return None
    if name == "from":
        return words.get(value, value)
    if name == "mount":
        return MOUNTED_FROM.sub(lambda it: it[0].removesuffix(it[1]) + words.get(it[1], it[1]), value)
    return value
