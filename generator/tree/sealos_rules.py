"""What Sealos makes of a cluster image's commands and labels: mistakes that end its run, or pass in silence.

labring/sealos: lifecycle/pkg/guest/guest.go (each element of ENTRYPOINT and CMD is a command line of its own),
apply/processor/interface.go and types/v1beta1/cluster.go (types and versions), constants/bash.go (scripts).
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from generator.buildfile.instructions import Buildfile, Instruction
from generator.buildfile.parse import parse_text
from generator.buildfile.substitution import SubstitutionError, expand
from generator.errors import InputError, Problem
from generator.names import nearest

TYPE, VERSION = "sealos.io.type", "sealos.io.version"
TYPES = ("application", "patch", "rootfs")
VERSIONS = ("v1beta1", "v1beta2")

# Sealos reads them off every rootfs image: the version of Kubernetes, its virtual address, the image of lvscare.
_ROOTFS_LABELS = ("version", "vip", "image")
# Scripts of a rootfs image that Sealos calls: by the label of that name, else scripts/<name>.sh.
_SCRIPTS = ("init", "clean", "init-registry", "clean-registry", "check")
# Programs that do nothing, or wait for input, when they are called with no arguments.
_NEED_ARGUMENTS = frozenset(
    {"bash", "sh", "/bin/bash", "/bin/sh", "env", "helm", "helmfile", "kubectl", "kustomize", "python", "python3"}
)


def cluster_file_problems(text: str, label: str, directory: Path) -> Iterator[Problem]:
    """The problems of a cluster image's build file; ``label`` is what messages call it, ``directory`` holds it."""
    try:
        buildfile = parse_text(text, directory)
    except InputError as error:
        yield from (problem._replace(file=label) for problem in error.problems)
        return
    stage = buildfile.last_stage.instructions
    for instruction in stage:
        if instruction.keyword in {"CMD", "ENTRYPOINT"} and (words := _one_command(instruction)):
            whole = json.dumps([shlex.join(words)])
            message = f"Sealos runs each of {json.dumps(words)} as a command of its own"
            yield Problem(
                "words-as-commands", message, f"write {instruction.keyword} {whole}", label, instruction.line
            )
    labels = {
        name: (value, each.line)
        for each in stage
        if each.keyword == "LABEL"
        for name, value in _pairs(each, buildfile.escape)
    }
    yield from _type_problems(labels, buildfile, label, directory)


def _one_command(instruction: Instruction) -> list[str]:
    """The words of an exec form that are clearly one command; empty for anything else."""
    words = list(instruction.args)
    if instruction.form != "exec" or len(words) < 2:
        return []  # the shell form: Sealos takes its /bin/sh -c away
    first, *others = words
    if (first, others[0]) == ("/bin/sh", "-c") or " " in first.strip():
        return []
    return words if first in _NEED_ARGUMENTS or any(word.startswith("-") for word in others) else []


def _pairs(instruction: Instruction, escape: str) -> Iterator[tuple[str, str]]:
    """Names and values without their quotes. A value with a variable, which a build may set, stays as written."""
    for word in instruction.args:
        name, _, value = word.partition("=")
        try:
            yield expand(name, {}, escape), value if "$" in value else expand(value, {}, escape)
        except SubstitutionError:
            continue  # an open quote; a build tells it


def _type_problems(
    labels: Mapping[str, tuple[str, int]], buildfile: Buildfile, label: str, directory: Path
) -> Iterator[Problem]:
    kind, line = labels.get(TYPE, ("", 0))
    if not kind or "$" in kind:
        return
    if kind not in TYPES:
        close = nearest(kind, TYPES, 1)
        hint = f"did you mean {close[0]}?" if close else f"write one of {', '.join(TYPES)}, or leave the label out"
        message = f"the label {TYPE} is {kind!r}, which Sealos does not know: it would run nothing, and report success"
        yield Problem("unknown-sealos-type", message, hint, label, line)
    elif kind == "rootfs" and _from_scratch(buildfile):  # a base image may bring the labels
        yield from _rootfs_problems(labels, label, line, directory)


def _from_scratch(buildfile: Buildfile) -> bool:
    try:
        return buildfile.from_scratch
    except InputError:
        return False  # FROM has a form that no default fills; a build tells it


def _rootfs_problems(
    labels: Mapping[str, tuple[str, int]], label: str, line: int, directory: Path
) -> Iterator[Problem]:
    version, at = labels.get(VERSION, ("", line))
    if version not in VERSIONS and "$" not in version:
        said = f"is {version!r}" if version else "is not set"
        message = (
            f"the label {VERSION} {said}, and Sealos refuses a rootfs image with another than {', '.join(VERSIONS)}"
        )
        yield Problem("rootfs-version", message, f"add LABEL {VERSION}={VERSIONS[0]}", label, at)
    missing = [name for name in _ROOTFS_LABELS if not labels.get(name, ("", 0))[0]]
    if missing:
        yield _missing(
            missing, "has no label", f"add LABEL {' '.join(f'{name}=...' for name in missing)}", label, line
        )
    if (directory / "init.sh").is_file():
        return  # which may make or fetch the scripts
    scripts = [name for name in _SCRIPTS if name not in labels and not _has_script(directory, name)]
    if scripts:
        hint = f'add LABEL {scripts[0]}="<script> <arguments>", or the file scripts/{scripts[0]}.sh'
        yield _missing(scripts, "has neither a label nor a script", hint, label, line)


def _missing(names: Sequence[str], what: str, hint: str, label: str, line: int) -> Problem:
    return Problem("rootfs-labels", f"a rootfs image {what} for {', '.join(names)}", hint, label, line)


def _has_script(directory: Path, name: str) -> bool:
    return any((directory / f"scripts/{name}.sh{suffix}").is_file() for suffix in ("", ".tmpl", ".tpl"))
