"""Helm's own SDK inside this process (PyPI ``helm-python-sdk``): no program needed, and no start to pay for."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from action.discover.helm_output import render_error, split_templates
from action.discover.rendering import Release, RenderedTemplate, RenderError, SetOption
from action.discover.set_options import Json, apply_sets, overlay

_MODULES = ("_native", "chart", "errors")


LOADED = 8
"""Charts kept loaded: one is rendered several times in a row, and a few at once."""


class LibraryEngine:
    """The SDK's template engine, given what ``helm template`` is given.

    Goes through the JSON options of the C function ``helm_render``, because the Python method leaves out the
    Kubernetes version and the API versions.
    """

    name = "helm-python-sdk"

    def __init__(self) -> None:
        import importlib

        self._native, self._chart, self._errors = (importlib.import_module(f"helm_python.{m}") for m in _MODULES)
        self._load = lru_cache(maxsize=LOADED)(lambda chart: self._chart.Chart.load(str(chart)))

    def render(self, chart: Path, release: Release) -> tuple[RenderedTemplate, ...]:
        options = {
            "name": release.name,
            "namespace": release.namespace,
            "is_install": not release.upgrade,
            "is_upgrade": release.upgrade,
            "kube_version": release.kube_version,
            "api_versions": list(release.api_versions),
        }
        try:
            loaded = self._load(chart)
            values = self._values(release.values, release.sets)
            rendered = self._native.call_string("helm_render", loaded._raw(), json.dumps(values), json.dumps(options))
        except self._errors.HelmError as error:
            raise render_error(str(error)) from error
        templates = split_templates(json.loads(rendered).items())
        return tuple(replace(one, sound=all(map(self._is_yaml, one.documents))) for one in templates)

    def _is_yaml(self, text: str) -> bool:
        """Whether Helm's own parser takes a document, as ``helm template`` makes sure."""
        try:
            self._native.call_string("helm_values_from_yaml", text)
        except self._errors.HelmError:
            return False
        return True

    def _values(self, texts: tuple[str, ...], sets: tuple[SetOption, ...]) -> dict[str, Json]:
        values: dict[str, Json] = {}
        for text in texts:
            overlay(values, self._chart.values_from_yaml(text) or {})
        try:
            apply_sets(values, sets)
        except ValueError as error:
            raise RenderError(str(error)) from error
        return values
