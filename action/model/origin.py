"""Origin: what an image was built as, and in which run, as its layout says beside its name; no build file says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from action.model.results import Target
from generator.names import Arch

_PREFIX = "io.cluster-image."


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """``run`` is the id of the workflow run, empty outside of one."""

    type: str
    app: str
    version: str
    arch: str
    run: str

    @classmethod
    def of(cls, target: Target, arch: Arch, run: str) -> Origin:
        return cls(type=target.type, app=target.app, version=target.version, arch=arch, run=run)

    @classmethod
    def read(cls, annotations: Mapping[str, str]) -> Origin | None:
        """What the annotations of a layout's entry say; None when they do not say all of it."""
        parts = {name: annotations.get(f"{_PREFIX}{name}") for name in cls.__dataclass_fields__}
        known = {name: value for name, value in parts.items() if isinstance(value, str)}
        return cls(**known) if len(known) == len(parts) else None

    def annotations(self) -> dict[str, str]:
        return {f"{_PREFIX}{name}": value for name, value in asdict(self).items()}

    def __str__(self) -> str:
        return f"{self.type} {self.app} {self.version} for {self.arch}{f' in run {self.run}' if self.run else ''}"


def this_run(environment: Mapping[str, str]) -> str:
    return environment.get("GITHUB_RUN_ID", "")
