"""Every answer that docs/contributing-images.md shows, made by the real verbs, and the page with them filled in.

    python -m tests.support.answers

writes the page anew; a test compares.
"""

from __future__ import annotations

import contextlib
import io
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from action.errors import ClusterImageError, Problem
from action.model.results import ImageChange, ImageInside
from tests.support.asking import ACCEPTED, COMMAND, DIGEST, TITLE, Stage, write_build, write_publication, write_results
from tests.support.github_api import FakeGitHub, serve

PAGE = Path(__file__).parent.parent.parent / "docs" / "contributing-images.md"
_SLOT = re.compile(r"(<!-- answer: ([a-z-]+) -->\n)(?:>.*\n)*")
_NGINX = ImageInside(
    reference="docker.io/library/nginx:1.27",
    path="library/nginx",
    tag="1.27",
    index_digest=None,
    digest="sha256:" + "b" * 64,
    size=70_400_000,
    found=("charts/hello/templates/deployment.yaml",),
)


def _comment(text: str, title: str = TITLE, login: str = "maintainer") -> Callable[[Stage], None]:
    def ask(stage: Stage) -> None:
        stage.github.add_issue(title=title, labels=ACCEPTED)
        stage.comment(text, login=login)

    return ask


def _waiting(stage: Stage) -> None:
    stage.open(COMMAND)


def _changed(stage: Stage) -> None:
    stage.open(COMMAND)
    stage.github.issues[1]["body"] = f"{COMMAND} --arch=arm64"
    stage.label()


def _edited(stage: Stage) -> None:
    stage.open(COMMAND)
    stage.label(edit={"body": "/imagebuild_apps hello v6.6.6"})


def _published(stage: Stage) -> None:
    stage.github.add_issue(title=TITLE, labels=ACCEPTED)
    outputs = stage.comment(COMMAND)
    results = stage.root / "results"
    write_results(results)
    write_build(results, "amd64", images=(_NGINX,), size=91_300_000)
    write_build(results, "arm64", images=(_NGINX,), size=90_800_000)
    change = ImageChange(arch="amd64", reference=_NGINX.reference, before=DIGEST, after=_NGINX.digest)
    write_publication(results, compared_with="v0.9.0", changes=(change,))
    stage.report(outputs)


def _failed(stage: Stage) -> None:
    stage.github.add_issue(title=TITLE, labels=ACCEPTED)
    outputs = stage.comment(COMMAND)
    results = stage.root / "results"
    write_build(results, "amd64")
    hint = "look at its last lines above; run it yourself with: init.sh arm64 hello v1.0.0"
    problem = Problem("init-failed", "ended with exit code 9: curl: (22) no such release", hint, "init.sh")
    write_build(results, "arm64", digest=None, size=0, problems=(problem,))
    stage.report(outputs)


def _twice(stage: Stage) -> None:
    stage.github.add_issue(title=TITLE, labels=ACCEPTED)
    stage.run(77)
    stage.comment(COMMAND)
    stage.run(78)
    stage.comment(COMMAND)


def _not_checked(stage: Stage) -> None:
    stage.github.failures["GET", "/collaborators/maintainer/permission"] = 403
    with contextlib.suppress(ClusterImageError):
        _comment(COMMAND)(stage)


SCENES: dict[str, Callable[[Stage], None]] = {
    "help": _comment("/imagebuild_help"),
    "waiting": _waiting,
    "building": _comment(COMMAND),
    "published": _published,
    "failed": _failed,
    "dry-run": _comment(f"{COMMAND} --dry-run"),
    "joined": _twice,
    "extra-word": _comment(f"{COMMAND} amd64"),
    "look-alike": _comment("/imagebuild_apps h\u0435llo v1.0.0"),
    "unknown-version": _comment("/imagebuild_apps hello v1.0.1"),
    "near-miss": _comment("/imagebuild_app hello v1.0.0"),
    "in-a-fence": _comment(f"```\n{COMMAND}\n```"),
    "other-title": _comment(COMMAND, title="【Auto-build】helm"),
    "not-allowed": _comment(COMMAND, login="contributor"),
    "changed": _changed,
    "edited": _edited,
    "not-checked": _not_checked,
}


def answer(scene: str) -> str:
    """The last text of the last comment of a scene, without its hidden line."""
    with _stage() as stage, contextlib.redirect_stdout(io.StringIO()):
        SCENES[scene](stage)
        return re.sub(r"\A<!-- .*-->\n", "", stage.github.bodies()[-1])


def fill(page: str) -> str:
    """The page with every answer as it is now, each as a quote."""

    def quote(slot: re.Match[str]) -> str:
        return slot[1] + "".join(f"> {line}".rstrip() + "\n" for line in answer(slot[2]).split("\n"))

    return _SLOT.sub(quote, page)


@contextlib.contextmanager
def _stage() -> Iterator[Stage]:
    github = FakeGitHub()
    github.roles = {"maintainer": "write", "helper": "triage", "owner": "admin"}
    with (
        tempfile.TemporaryDirectory() as root,
        pytest.MonkeyPatch.context() as monkeypatch,
        serve(github, "workflow-token"),
    ):
        yield Stage(Path(root), github, monkeypatch)


if __name__ == "__main__":
    PAGE.write_text(fill(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"wrote {PAGE} with {len(SCENES)} answers")
