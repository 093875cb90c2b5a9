"""Templates that share one set, rendered by a Helm engine in the order in which Sealos parses them."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from action.discovery.helm.engine import HelmEngine, Release, RenderError
from action.discovery.sealos_run.for_helm import HELPERS, UNPREDICTABLE, Guess, LackingFunction, rewritten
from action.discovery.sealos_run.go_template import is_blank, tokens

_CHART = "apiVersion: v2\nname: t\nversion: 0.0.0\n"
_LAST = 99_999_999
"""Helm parses names downwards, so that file number n is named by ``_LAST - n`` to come n-th."""
_PLACE = re.compile(r"t/templates/_(\d{8})\.tpl:(\d+)")
_NOT_SEALOS = ("nil pointer evaluating", UNPREDICTABLE, "did not finish within")
"""What ends Helm's engine, and tells nothing about Sealos."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A template that does not render; ``certain`` when Sealos refuses it too."""

    message: str
    line: int | None = None
    certain: bool = True
    hint: str = ""


def render_set(files: Mapping[str, str], guess: Guess, engine: HelmEngine | None) -> dict[str, str | Failure]:
    """Each file's text, in the order of ``files``: a later file sees the definitions of earlier ones.

    A file without a body of its own gets the body of the one before it, as text/template has it.
    """
    made: dict[str, str | Failure] = {}
    sources: list[str] = []
    bodies: dict[str, int] = {}
    names: list[str] = []
    for name, text in files.items():
        try:
            source = rewritten(text, guess)
        except LackingFunction as lacking:
            made[name] = Failure(f"Sealos has no function {lacking.name!r}", lacking.line)
            continue
        made[name] = ""
        sources.append(source)
        names.append(name)
        blank = is_blank(text) and len(sources) > 1
        bodies[name] = bodies[names[-2]] if blank else len(sources) - 1
    together = not any(_defines(source) for source in sources)
    if together and (plain := _plain(files, names, bodies)) is not None:
        return {**made, **plain}
    if engine is None:
        return {**made, **{name: _without_engine(files[name]) for name in names}}
    if together:
        try:
            texts = _render(sources, [bodies[name] for name in names], guess, engine)
            return {**made, **dict(zip(names, texts, strict=True))}
        except RenderError:
            pass  # which of them it was shows when each is rendered alone
    for number, name in enumerate(names):
        chosen = [sources[bodies[name]]] if together else sources[: number + 1]
        try:
            made[name] = _render(chosen, [0 if together else bodies[name]], guess, engine)[0]
        except RenderError as error:
            made[name] = _failure(error, name)
    return made


def _without_engine(text: str) -> str | Failure:
    before, action, _ = text.partition("{{")
    message = "cannot be rendered: there is no helm program and no helm-python-sdk package"
    return Failure(message, before.count("\n") + 1, certain=False, hint="install helm") if action else text


def _defines(source: str) -> bool:
    return any(word.kind == "word" and word.text in ("define", "block", "template") for word in tokens(source))


def _plain(files: Mapping[str, str], names: Sequence[str], bodies: Mapping[str, int]) -> dict[str, str] | None:
    """The texts when no file has an action: nothing is to be rendered."""
    if any("{{" in files[name] for name in names):
        return None
    return {name: files[names[bodies[name]]] for name in names}


def _render(sources: Sequence[str], wanted: Sequence[int], guess: Guess, engine: HelmEngine) -> list[str]:
    """The texts of the files with the numbers ``wanted``; raises RenderError for the first that fails."""
    with tempfile.TemporaryDirectory(prefix="template-") as folder:
        chart = Path(folder) / "t"
        (chart / "templates").mkdir(parents=True)
        (chart / "Chart.yaml").write_text(_CHART, encoding="utf-8")
        (chart / "templates" / "_helpers.tpl").write_text(HELPERS, encoding="utf-8")
        for number, source in enumerate(sources):
            (chart / "templates" / f"_{_LAST - number}.tpl").write_text(source, encoding="utf-8", newline="")
        includes = ", ".join(
            f'{{{{ include "t/templates/_{_LAST - number}.tpl" .Values.data | toJson }}}}' for number in wanted
        )
        output = f"apiVersion: v1\nkind: ConfigMap\ntexts: [{includes}]\n"
        (chart / "templates" / "t.yaml").write_text(output, encoding="utf-8")
        made = engine.render(chart, Release(name="t", values=(json.dumps({"data": dict(guess.data)}),)))
    _, _, texts = made[0].documents[0].partition("texts: ")
    return [str(text) for text in json.loads(texts)]


def _failure(error: RenderError, name: str) -> Failure:
    places = list(_PLACE.finditer(error.message))
    line = int(places[-1][2]) if places else error.line
    what = error.message[places[-1].end() :].lstrip(":)0123456789 ") if places else error.message
    what = _PLACE.sub(name, what).replace('"t/templates/', '"')
    certain = not any(text in error.message for text in _NOT_SEALOS)
    reason = "does not render" if certain else "cannot be rendered here as Sealos does"
    return Failure(f"{reason}: {what}", line, certain)
