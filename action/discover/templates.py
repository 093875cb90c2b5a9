"""``*.tmpl`` files as ``sealos run`` renders them: Go templates with sprig, the image's ENV as their data."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

from action.discover.backstop import literal_images
from action.discover.files import read_text, relative
from action.discover.findings import Source
from action.discover.found import Found
from action.discover.hits import Hit
from action.discover.layout import TEMPLATE_FOLDERS, TEMPLATE_SUFFIX, templates
from action.discover.rendering import HelmEngine, Release, RenderError
from action.discover.yaml_tree import Document, Map, documents
from action.errors import InputError, Problem

_CHART = "apiVersion: v2\nname: t\nversion: 0.0.0\n"
_OUTPUT = """apiVersion: v1
kind: ConfigMap
metadata: {name: t}
data:
  text: {{ include "t" .Values.env | toJson }}
"""


def render_templates(
    context: Path, environment: Mapping[str, str], engine: HelmEngine | None
) -> tuple[dict[str, str], Found]:
    """What every template of the context becomes, by the name that it gets, and the problems of those that fail.

    The Helm engine renders: sealos uses the same template language and function library. A file that does not
    render, or that no engine is there for, is a problem with its line, and is left out.
    """
    rendered: dict[str, str] = {}
    found = Found()
    for folder in TEMPLATE_FOLDERS:
        for path in templates(context, folder):
            name = relative(path, context)
            text = ""
            try:
                text = read_text(context, name)
                rendered[name.removesuffix(TEMPLATE_SUFFIX)] = _render(text, name, environment, engine)
            except InputError as error:
                found.problems += error.problems
                found.hits += _unrendered(text, name)
    return rendered, found


def _render(text: str, name: str, environment: Mapping[str, str], engine: HelmEngine | None) -> str:
    if "{{" not in text:
        return text
    if engine is None:
        message = "cannot be rendered: there is no helm program and no helm-python-sdk package"
        first = text.count("\n", 0, text.index("{{")) + 1
        raise InputError(Problem("template-render", message, "install helm", name, first, severity="warning"))
    with tempfile.TemporaryDirectory(prefix="template-") as folder:
        chart = Path(folder) / "t"
        (chart / "templates").mkdir(parents=True)
        (chart / "Chart.yaml").write_text(_CHART, encoding="utf-8")
        (chart / "templates" / "_t.tpl").write_text(f'{{{{ define "t" }}}}{text}{{{{ end }}}}', encoding="utf-8")
        (chart / "templates" / "t.yaml").write_text(_OUTPUT, encoding="utf-8")
        values = json.dumps({"env": dict(environment)})
        try:
            output = engine.render(chart, Release(name="t", values=(values,)))
        except RenderError as error:
            line = error.line if error.template and error.template.endswith("_t.tpl") else None
            raise InputError(_problem(name, error, line)) from error
    for document in documents(output[0].documents[0], name):
        data = document.root.get("data") if isinstance(document, Document) and isinstance(document.root, Map) else None
        if isinstance(data, Map):
            return str(data.get("text", ""))
    raise InputError(Problem("template-render", "renders to something that is not text", "", name))


def _unrendered(text: str, name: str) -> list[Hit]:
    """What a template that cannot be rendered seems to name."""
    reason = "stands in a template that could not be rendered"
    return [
        Hit(reference, "uncertain", Source(file=name, rule="template", line=line), reason)
        for reference, line in literal_images(text)
    ]


def _problem(name: str, error: RenderError, line: int | None) -> Problem:
    message = error.message.replace("t/templates/_t.tpl", name).replace('"t"', f'"{name}"')
    hint = "use Go template syntax, with the names of the Kubefile's ENV"
    return Problem("template-render", f"does not render: {message}", hint, name, line)
