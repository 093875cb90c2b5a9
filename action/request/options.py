"""``--arch=arm64 --dry-run --force="why"``: the options of a request."""

from __future__ import annotations

import re

from action.request.words import PLAIN_VALUE, Refused, Word, read_quoted
from generator.names import ARCHES, Arch, ImageType, nearest

MAX_REASON = 500
OTHER_ARCH_NAMES: dict[str, Arch] = {"x86_64": "amd64", "x64": "amd64", "aarch64": "arm64"}
_OPTIONS = ("--arch", "--dry-run", "--force")


def read_options(words: list[Word], image_type: ImageType) -> tuple[tuple[Arch, ...], bool, str | None]:
    arches: tuple[Arch, ...] = ()
    force: str | None = None
    seen: set[str] = set()
    for word in words:
        name, equals, value = word.text.partition("=")
        if name not in _OPTIONS:
            near = nearest(name, _OPTIONS, 1)
            hint = f"did you mean {near[0]}?" if near else f"the options are {', '.join(_OPTIONS)}"
            raise Refused("unknown-option", word.column, f"there is no option {name!r}", hint)
        if name in seen:
            raise Refused("duplicate-option", word.column, f"{name} is there twice", "give it once")
        seen.add(name)
        if name == "--arch":
            arches = _read_arches(word, value, image_type)
        elif name == "--force":
            force = _read_reason(word, value) if equals else ""
        elif equals:
            raise Refused("bad-option", word.column, f"{name} takes no value", f"write {name}")
    return arches, "--dry-run" in seen, force


def _read_arches(word: Word, value: str, image_type: ImageType) -> tuple[Arch, ...]:
    if image_type == "configs":
        raise Refused("bad-option", word.column, "configs have one content for all architectures", "leave --arch out")
    wanted = value.split(",")
    for name in wanted:
        if name not in ARCHES:
            said = f"there is no architecture {name!r}" if name else "--arch names no architecture"
            known = OTHER_ARCH_NAMES.get(name)
            hint = f"write --arch={known}" if known else f"write {' or '.join(f'--arch={arch}' for arch in ARCHES)}"
            raise Refused("unknown-arch", word.column, said, hint)
    if len(set(wanted)) < len(wanted):
        raise Refused("bad-option", word.column, "--arch names an architecture twice", "name each once")
    return tuple(arch for arch in ARCHES if arch in wanted)


def _read_reason(word: Word, value: str) -> str:
    if value.startswith('"'):
        reason, end = read_quoted(value, 0)
    else:
        reason, end = value, len(value) if re.fullmatch(PLAIN_VALUE, value) else 0
    if end != len(value) or not end:
        hint = '--force="why it must be built again"'
        raise Refused("bad-option", word.column, "the reason of --force needs quotes around all of it", hint)
    if len(reason) > MAX_REASON:
        message = f"the reason of --force is {len(reason)} characters long; the limit is {MAX_REASON}"
        raise Refused("bad-option", word.column, message, "say it shorter")
    return reason
