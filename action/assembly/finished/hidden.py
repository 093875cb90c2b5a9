"""Why placed images are not in the finished image: what a build file did with ``registry/``, and the line to add."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from action.assembly.finished.root_files import REGISTRY, RootFiles
from action.assembly.native.ignore_file import find_ignore_file, read_ignore_file
from action.assembly.recipe import Recipe
from action.errors import InputError, Problem
from generator.buildfile.instructions import Instruction

LINE = "COPY registry ./registry"
_SHOWN = 5


def not_in_image(recipe: Recipe, files: RootFiles, missing: Sequence[str]) -> InputError:
    """The error for an image that lacks what was placed; ``missing`` says of each image what it lacks."""
    buildfile = recipe.buildfile.path.name
    some = ", ".join(missing[:_SHOWN]) + (f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else "")
    there = any(path.startswith(f"{REGISTRY}/") for path in files)
    what = f"/{REGISTRY} of the image is not what was placed" if there else f"the image has no /{REGISTRY}"
    message = f"{what}, and would run without {len(missing)} of its container images: {some}"
    if ignored := _ignored_by(recipe):
        return InputError(Problem("registry-not-in-image", message, f"take {REGISTRY} out of it", ignored))
    stage, copied = recipe.buildfile.last_stage, _copy_of_registry(recipe)
    moved = any(instruction.keyword == "WORKDIR" for instruction in stage.instructions)
    line = f"COPY {REGISTRY} /{REGISTRY}" if moved else LINE
    if copied is None:
        last = " to the last stage" if len(recipe.buildfile.stages) > 1 else ""
        hint, at = f"add the line `{line}`{last}", stage.origin.line
    else:
        written, at = f"{copied.keyword} {' '.join(copied.args)}", copied.line
        hint = f"instead of `{written}` write the line `{line}`"
        if _is_right(copied, moved=moved):
            hint = f"leave /{REGISTRY} as it is afterwards, or make `COPY {REGISTRY} /{REGISTRY}` the last line"
    return InputError(Problem("registry-not-in-image", message, hint, buildfile, at))


def _ignored_by(recipe: Recipe) -> str | None:
    """The ignore file that hides ``registry/``, or a part of it."""
    ignored = read_ignore_file(recipe.context, recipe.buildfile.path)
    folder = recipe.context / REGISTRY
    hidden = any(
        path.relative_to(recipe.context).as_posix() in ignored for path in folder.rglob("*") if path.is_file()
    )
    found = find_ignore_file(recipe.context, recipe.buildfile.path) if hidden else None
    return found.name if found else None


def _copy_of_registry(recipe: Recipe) -> Instruction | None:
    """The last COPY or ADD of the last stage that takes ``registry`` from the context."""
    for instruction in reversed(recipe.buildfile.last_stage.instructions):
        from_context = instruction.keyword in ("COPY", "ADD") and "from" not in dict(instruction.flags)
        sources = [posixpath.normpath(word.lstrip("/")) for word in instruction.args[:-1]]
        if from_context and any(source == REGISTRY or source.startswith(f"{REGISTRY}/") for source in sources):
            return instruction
    return None


def _is_right(instruction: Instruction, *, moved: bool) -> bool:
    """``moved``: a path that is not absolute begins elsewhere than at the root."""
    *sources, target = instruction.args
    if moved and not target.startswith("/"):
        return False
    return posixpath.normpath(posixpath.join("/", target)) == f"/{REGISTRY}" and [
        posixpath.normpath(source) for source in sources
    ] == [REGISTRY]
