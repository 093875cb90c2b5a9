"""A process of its own for Helm's SDK (PyPI ``helm-python-sdk``): what a template does to it ends with it.

The SDK is Go, which ends the whole process when memory is used up, without a word to Python. Started as a program by
helm_library. A request is a line of JSON with the arguments of ``render``, an answer is 8 bytes of length and JSON:
``{"templates": [[name, documents, sound], ...]}``, ``{"error": ...}`` of Helm's or ``{"refused": ...}`` of an option.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

from action.discovery.helm.engine import SetOption
from action.discovery.helm.limits import MEMORY, TIMEOUT
from action.discovery.helm.output import split_templates
from action.discovery.helm.set_options import Json, apply_sets, overlay

_LOADED = 8
"""Charts kept loaded: one is rendered several times in a row, and a few at once."""


class Renderer:
    """The SDK's template engine, given what ``helm template`` is given.

    Goes through the JSON options of the C function ``helm_render``, because the Python method leaves out the
    Kubernetes version and the API versions.
    """

    def __init__(self) -> None:
        modules = ("_native", "chart", "errors")
        self._native, self._chart, self._errors = (importlib.import_module(f"helm_python.{name}") for name in modules)
        self._load = lru_cache(maxsize=_LOADED)(lambda chart: self._chart.Chart.load(chart))

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            loaded = self._load(request["chart"])
            values = json.dumps(self._values(request["values"], request["sets"]))
            rendered = self._native.call_string("helm_render", loaded._raw(), values, json.dumps(request["options"]))
        except self._errors.HelmError as error:
            return {"error": str(error)}
        except ValueError as error:
            return {"refused": str(error)}
        templates = json.loads(rendered)
        split = split_templates(templates.items())
        return {"templates": [[one.template, one.documents, all(map(self._is_yaml, one.documents))] for one in split]}

    def _is_yaml(self, text: str) -> bool:
        """Whether Helm's own parser takes a document, as ``helm template`` makes sure."""
        try:
            self._native.call_string("helm_values_from_yaml", text)
        except self._errors.HelmError:
            return False
        return True

    def _values(self, texts: list[str], sets: list[tuple[str, str]]) -> dict[str, Json]:
        values: dict[str, Json] = {}
        for text in texts:
            overlay(values, self._chart.values_from_yaml(text) or {})
        apply_sets(values, tuple(SetOption(flag=flag, text=text) for flag, text in sets))
        return values


def main() -> None:
    """Answer until the input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    renderer = Renderer()
    for line in sys.stdin.buffer:
        used = resource.getrusage(resource.RUSAGE_SELF)
        resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + TIMEOUT, resource.RLIM_INFINITY))
        answer = json.dumps(renderer.answer(json.loads(line))).encode()
        sys.stdout.buffer.write(len(answer).to_bytes(8, "big") + answer)
        sys.stdout.buffer.flush()


def installed(root: Path) -> list[str]:
    """The command that starts it, with ``root`` as the directory of our packages."""
    start = f"import sys; sys.path.append({str(root)!r}); from action.discovery.helm.sdk_process import main; main()"
    return [sys.executable, "-I", "-c", start]
