"""What a chart is rendered with, what comes out, and the interface that every Helm engine has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from action.errors import ClusterImageError, Problem

KUBE_VERSION = "1.34.0"
"""What templates are told the cluster runs, unless the chart asks for another: the same for every engine, since
tags may follow it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetOption:
    """One ``--set``-like option of helm: ``flag`` is ``--set``, ``--set-string``, ``--set-json``..."""

    flag: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """How to render: ``values`` are texts of values files, later ones win, and ``sets`` win over them."""

    name: str
    namespace: str = "default"
    values: tuple[str, ...] = ()
    sets: tuple[SetOption, ...] = ()
    upgrade: bool = False
    kube_version: str = KUBE_VERSION
    api_versions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RenderedTemplate:
    """The documents that one template made, in the order in which ``helm template`` prints them.

    ``sound`` is false when helm found that one of them is no YAML, which it does not say.
    """

    template: str
    documents: tuple[str, ...]
    sound: bool = True


class RenderError(ClusterImageError):
    """The chart does not render so. ``template`` is its path from the chart's folder upwards (``web/templates/a``)."""

    def __init__(self, message: str, template: str | None = None, line: int | None = None) -> None:
        super().__init__(Problem("chart-render", message, file=template, line=line))
        self.message = message
        self.template = template
        self.line = line


class HelmEngine(Protocol):
    """Renders charts offline, hooks included, NOTES and the objects of ``crds/`` left out.

    A template that makes something other than YAML fails no rendering: it comes back as not ``sound``.
    """

    name: str

    def render(self, chart: Path, release: Release) -> tuple[RenderedTemplate, ...]:
        """Templates by path, those without objects left out; raises RenderError."""
        ...
