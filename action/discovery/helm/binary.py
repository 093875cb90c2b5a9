"""The ``helm`` program as an engine."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from action.discovery.helm.engine import Release, RenderedTemplate, RenderError
from action.discovery.helm.limits import MEMORY, OUTPUT, TIMEOUT, TOO_MUCH
from action.discovery.helm.output import render_error, split_sources, split_stream, split_templates
from action.environment import tools

_NOT_YAML = "YAML parse error on"
# Helm says so when a template makes something that is not YAML, and prints what was made when asked with --debug:
# the sound documents are still worth reading, and the broken one is named by whoever parses them.

_MOST_SAID = 1 << 20
_SHORT_OF_MEMORY = (
    "fatal error: runtime: ",
    "fatal error: out of memory",
    "cannot allocate memory",
    "stack exceeds",
    "pthread_create failed",
)


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
                "PATH": tools.trusted_path(),
                "HELM_CACHE_HOME": home,
                "HELM_CONFIG_HOME": home,
                "HELM_DATA_HOME": home,
                "KUBECONFIG": f"{home}/none",
                "MALLOC_ARENA_MAX": "2",  # of address space, each thread on a large machine would take 64 MB more
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
    """Exit code, output and errors. A shell sets the limits, which is sound with threads and quicker than Python."""
    home = Path(environment["HOME"])
    limits = f"ulimit -v {MEMORY >> 10}; ulimit -t {TIMEOUT}; ulimit -c 0; ulimit -f {OUTPUT >> 9}"
    with (home / "output").open("w+b") as output, (home / "errors").open("w+b") as errors:
        try:
            code = subprocess.run(
                ["/bin/sh", "-c", f'{limits}; exec "$@"', "sh", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                env=environment,
                timeout=TIMEOUT,
                check=False,
                cwd=home,
            ).returncode
        except subprocess.TimeoutExpired as error:
            raise RenderError(TOO_MUCH) from error
        texts = []
        for file, most in ((output, OUTPUT), (errors, _MOST_SAID)):
            file.seek(0)
            texts.append(file.read(most).decode("utf-8", "replace"))
    if code < 0 or any(word in texts[1] for word in _SHORT_OF_MEMORY):
        raise RenderError(TOO_MUCH)
    return code, texts[0], texts[1]
