"""The ``helm`` program as an engine."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from action.discover.helm_output import render_error, split_sources, split_stream, split_templates
from action.discover.rendering import Release, RenderedTemplate, RenderError

TIMEOUT = 120
"""Seconds for one rendering; the slowest public charts take 3."""

_NOT_YAML = "YAML parse error on"
# Helm says so when a template makes something that is not YAML, and prints what was made when asked with --debug:
# the sound documents are still worth reading, and the broken one is named by whoever parses them.


class BinaryEngine:
    """``helm template``, with nothing of the user's own Helm configuration, plugins or cluster."""

    name = "helm"

    def __init__(self, program: str = "helm") -> None:
        self._program = program

    def render(self, chart: Path, release: Release) -> tuple[RenderedTemplate, ...]:
        with tempfile.TemporaryDirectory(prefix="helm-") as home:
            arguments = self._arguments(chart, release, Path(home))
            environment = {
                "HOME": home,
                "PATH": os.environ.get("PATH", ""),
                "HELM_CACHE_HOME": home,
                "HELM_CONFIG_HOME": home,
                "HELM_DATA_HOME": home,
                "KUBECONFIG": f"{home}/none",
            }
            code, output, errors = _run(arguments, environment)
            if code != 0 and _NOT_YAML in errors:
                code, output, errors = _run([*arguments, "--debug"], environment)
                if split_stream(output):
                    return split_templates(split_sources(output), sound=False)
        if code != 0:
            raise render_error(errors)
        return split_stream(output)

    def _arguments(self, chart: Path, release: Release, home: Path) -> list[str]:
        arguments = [self._program, "template", release.name, str(chart.resolve())]
        arguments += ["--namespace", release.namespace, "--kube-version", release.kube_version]
        for number, text in enumerate(release.values):
            file = home / f"values-{number}.yaml"
            file.write_text(text, encoding="utf-8")
            arguments += ["--values", str(file)]
        for option in release.sets:
            arguments += [option.flag, option.text]
        for version in release.api_versions:
            arguments += ["--api-versions", version]
        if release.upgrade:
            arguments.append("--is-upgrade")
        return arguments


def _run(arguments: list[str], environment: dict[str, str]) -> tuple[int, str, str]:
    try:
        done = subprocess.run(
            arguments, capture_output=True, env=environment, timeout=TIMEOUT, check=False, cwd=environment["HOME"]
        )
    except subprocess.TimeoutExpired as error:
        raise RenderError(f"helm did not finish within {TIMEOUT} seconds") from error
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
