"""What init.sh does that no box lets it do: container engines, other rights, files that are gone afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generator.errors import Problem
from generator.settings.init_env import refused_variables, unlisted_variables
from generator.settings.settings import METADATA_FILE, Settings
from generator.tree.model import Catalog

PAGE = "docs/init-script.md"

INSTEAD = {
    "docker": "take a file out of an image with `skopeo copy`, and list images in images/shim to have them carried",
    "podman": "take a file out of an image with `skopeo copy`, and list images in images/shim to have them carried",
    "nerdctl": "take a file out of an image with `skopeo copy`, and list images in images/shim to have them carried",
    "buildah": "write a Dockerfile for what is to be built; a build builds it",
    "sudo": "write below the build directory, which needs no other rights; what nodes must do goes into CMD",
}
"""What is on PATH of init.sh as a program that only fails, and what to do instead."""

_TMP = re.compile(r"(?<![\w./$}~-])/(?:var/)?tmp(?=/|\b)")
_WRITES = re.compile(r">|\b(?:cp|mv|mkdir|tee|wget|curl|tar|install|touch|git|unzip|ln)\b")
_STARTS = r"(?:^|[|;&(`]|\$\(|\b(?:then|do|else|if|while|until|exec|env|time|xargs|command|nohup)\s|!)\s*"
_CALLS = re.compile(
    rf"{_STARTS}(?:[A-Za-z_]\w*=\S*\s+)*(?:/usr(?:/local)?/bin/|/bin/)?({'|'.join(INSTEAD)})(?=\s|$|;)"
)
_HEREDOC = re.compile(r"<<(-?)\s*(['\"]?)(\w+)\2")


def init_scripts(catalog: Catalog, settings: Settings) -> Iterator[Problem]:
    """What is wrong with every init.sh of the tree, and with the variables that are asked for."""
    for app in catalog.apps:
        file = f"{app.root}/{app.name}/{METADATA_FILE}"
        for metadata in list({id(one.metadata): one.metadata for one in app.versions.values()}.values()):
            yield from refused_variables(metadata.init_env, file)
            yield from unlisted_variables(metadata.init_env, settings.init_env, file)
        for version in app.versions.values():
            script = version.directory / "init.sh"
            if version.files.init and not script.is_symlink():
                yield from init_problems(script.read_text("utf-8", "replace"), f"{version.context}/init.sh")


def init_problems(text: str, label: str) -> Iterator[Problem]:
    """One for each line that calls such a program or writes to a temporary directory of the machine."""
    for number, line in _commands(text):
        for name in dict.fromkeys(_CALLS.findall(line)):
            message = f"calls {name}, which init.sh cannot use"
            yield Problem("init-calls", message, f"{INSTEAD[name]}; see {PAGE}", label, number, severity="warning")
        if _TMP.search(line) and _WRITES.search(line):
            message = "uses /tmp, which is empty when init.sh starts and gone when it ends"
            hint = f"write below the build directory what the image or another script needs; see {PAGE}"
            yield Problem("init-writes-tmp", message, hint, label, number, severity="warning")


def _commands(text: str) -> Iterator[tuple[int, str]]:
    """The lines with their numbers, without comments and without here-documents, which are text."""
    end: str | None = None
    tabs = False
    for number, line in enumerate(text.splitlines(), 1):
        if end is not None:
            if (line.lstrip("\t") if tabs else line) == end:
                end = None
            continue
        if line.lstrip().startswith("#"):
            continue
        yield number, line
        if match := _HEREDOC.search(line):
            end, tabs = match[3], bool(match[1])
