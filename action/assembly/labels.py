"""What an image says about itself (OCI image specification 1.1, annotations.md, pre-defined keys)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from action.model.annotations import IMAGE_PREFIX, REVISION, TYPE
from generator.buildfile.instructions import Buildfile, Scope, target_args
from generator.names import Arch, ImageType
from generator.settings.settings import AppMetadata


def standard_labels(
    image_type: ImageType, app: str, version: str, metadata: AppMetadata, environment: Mapping[str, str]
) -> dict[str, str]:
    """Labels for one image; ``environment`` is that of a workflow run, whose repository and commit it came from.

    What is not known is left out.
    """
    found = {
        TYPE: image_type,
        f"{IMAGE_PREFIX}title": app,
        f"{IMAGE_PREFIX}version": version,
        f"{IMAGE_PREFIX}description": metadata.description or "",
        f"{IMAGE_PREFIX}url": metadata.home or "",
        f"{IMAGE_PREFIX}licenses": metadata.licenses or "",
        f"{IMAGE_PREFIX}source": _source(environment),
        REVISION: environment.get("GITHUB_SHA", ""),
    }
    return {name: value for name, value in found.items() if value}


def own_labels(buildfile: Buildfile, build_args: Mapping[str, str], arch: Arch, names: Collection[str]) -> set[str]:
    """Which of ``names`` the build file itself sets, in the last stage or in one that it goes back to.

    The others that an image bears were handed down by its base image. Raises InputError for what cannot be read.
    """
    set_here: set[str] = set()
    stages = list(buildfile.stages)
    known = {stage.name.lower(): at for at, stage in enumerate(stages) if stage.name}
    scope = Scope(buildfile, build_args, target_args(arch))
    at: int | None = len(stages) - 1
    while at is not None:
        stage = stages[at]
        within = Scope(buildfile, build_args, target_args(arch))
        for instruction in stage.instructions:
            within.apply(instruction)
            if instruction.keyword == "LABEL":
                set_here |= {name for name, _ in within.pairs(instruction)}
        earlier = known.get(scope.base(stage).lower())
        at = earlier if earlier is not None and earlier < at else None
    return set_here & set(names)


def _source(environment: Mapping[str, str]) -> str:
    server, repository = environment.get("GITHUB_SERVER_URL", ""), environment.get("GITHUB_REPOSITORY", "")
    return f"{server}/{repository}" if server and repository else ""
