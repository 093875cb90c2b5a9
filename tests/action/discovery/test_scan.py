"""The scan as a whole, where a case folder cannot say it: engines, limits, order, what is left out."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from action.discovery import scan
from action.discovery.helm.choose import choose_engine
from action.discovery.helm.engine import Release, RenderedTemplate, RenderError, SetOption
from action.discovery.scan import scan_context
from action.discovery.text import files
from action.errors import InputError
from action.report.terminal.scan import to_json, to_table
from tests.action.discovery.cases import CASES
from tests.action.discovery.engines import ENGINES, make_engine


class NoEngine:
    """Fails the test when anything is rendered."""

    name = "none"

    def render(self, chart: Path, release: Release) -> tuple[RenderedTemplate, ...]:
        raise AssertionError(f"{chart} was rendered")


def write(root: Path, **texts: str) -> Path:
    for name, text in texts.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_a_context_without_charts_needs_no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "choose_engine", NoEngine)
    write(tmp_path, images__shim__list="nginx:1.25\n")
    assert [str(image.reference) for image in scan_context(tmp_path, arch="amd64").images] == [
        "docker.io/library/nginx:1.25"
    ]


def test_charts_without_any_engine_are_an_error_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("action.environment.tools.find", lambda name: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError) as raised:
        scan_context(CASES / "plain-chart" / "context", arch="amd64")
    assert raised.value.problems[0].code == "no-helm"
    assert "pip install helm-python-sdk" in raised.value.problems[0].hint


def test_templates_without_any_engine_are_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("action.environment.tools.find", lambda name: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    write(tmp_path, etc__a_dot_tmpl="x\n{{ .A }}\n", etc__b_dot_tmpl="no expression\n")
    (problem,) = scan_context(tmp_path, arch="amd64").problems
    assert (problem.code, problem.file, problem.line, problem.severity) == (
        "template-render",
        "etc/a.tmpl",
        2,
        "warning",
    )


@pytest.mark.real("helm")
def test_the_program_is_preferred() -> None:
    assert choose_engine().name == "helm"


def test_without_the_program_the_sdk_renders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("action.environment.tools.find", lambda name: None)
    assert choose_engine().name == "helm-python-sdk"


def test_a_file_beyond_the_limit_is_refused_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_TEXT", 100)
    write(tmp_path, manifests__big_dot_yaml="x" * 200)
    (problem,) = scan_context(tmp_path, arch="amd64").problems
    assert (problem.code, problem.file) == ("file-too-large", "manifests/big.yaml")


def test_a_bomb_in_a_manifest_is_refused_with_its_file(tmp_path: Path) -> None:
    names = zip("abcdefg", "bcdefgh", strict=True)
    levels = "".join(f"{name}: &{name} [{','.join(['*' + below] * 10)}]\n" for below, name in names)
    write(tmp_path, manifests__bomb_dot_yaml=f"a: &a [x]\n{levels}", images__shim__list="nginx:1.25\n")
    found = scan_context(tmp_path, arch="amd64")
    assert [(problem.code, problem.file) for problem in found.problems] == [("yaml-bomb", "manifests/bomb.yaml")]
    assert len(found.images) == 1


def test_what_is_ignored_is_kept_apart() -> None:
    found = scan_context(CASES / "ignore-list" / "context", arch="amd64")
    assert len(found.ignored) == 4
    assert to_table(found).endswith("1 image to place, 0 uncertain, 4 ignored by .sealignore")


@pytest.mark.parametrize("case", ["plan-scripts", "capabilities", "subcharts", "image-lists"])
def test_two_scans_say_the_same(case: str, tmp_path: Path) -> None:
    """Nothing depends on the order in which a file system lists files, or threads end."""
    context = CASES / case / "context"
    shutil.copytree(context, tmp_path / "copy")
    engine = make_engine("library")
    first, second = (to_json(scan_context(path, arch="amd64", engine=engine)) for path in (context, tmp_path / "copy"))
    assert first == second


CHART = "apiVersion: v2\nname: web\nversion: 0.1.0\n"


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("template", "line", "message"),
    [
        ('a: 1\n{{ required "give a host" .Values.host }}\n', 2, "give a host"),
        ("\n\n{{ .Values.a.b.c }}\n", 3, "nil pointer"),
        ("{{ if }}\n", 1, "missing value for if"),
        ('{{ fail "no good" }}\n', 1, "no good"),
        ('{{ include "nope" . }}\n', 1, 'no template "nope"'),
        ("x: {{ nosuch }}\n", 1, 'function "nosuch" not defined'),
    ],
)
def test_engines_say_where_a_chart_fails(engine: str, template: str, line: int, message: str, tmp_path: Path) -> None:
    write(tmp_path / "web", Chart_dot_yaml=CHART, templates__a_dot_yaml=template)
    with pytest.raises(RenderError, match=message) as raised:
        make_engine(engine).render(tmp_path / "web", Release(name="web"))
    assert (raised.value.template, raised.value.line) == ("web/templates/a.yaml", line)


@pytest.mark.parametrize("engine", ENGINES)
def test_engines_pass_everything_on(engine: str, tmp_path: Path) -> None:
    template = (
        "apiVersion: v1\nkind: ConfigMap\ndata:\n"
        "  release: {{ .Release.Name }} {{ .Release.Namespace }} {{ .Release.IsUpgrade }}\n"
        "  kube: {{ .Capabilities.KubeVersion.Version }}\n"
        '  api: {{ .Capabilities.APIVersions.Has "a.example.com/v1" }}\n'
        "  values: {{ toJson .Values }}\n"
    )
    write(tmp_path / "web", Chart_dot_yaml=CHART, values_dot_yaml="a: {b: 1, c: 2}\n", templates__a_dot_yaml=template)
    sets = (SetOption(flag="--set", text="l[1]=x"), SetOption(flag="--set-string", text="e=5"))
    release = Release(
        name="n",
        namespace="s",
        values=("a: {b: 3}\nl: [1]\n", "a: {d: 4}\n"),
        sets=sets,
        upgrade=True,
        kube_version="1.29.1",
        api_versions=("a.example.com/v1",),
    )
    (rendered,) = make_engine(engine).render(tmp_path / "web", release)
    assert rendered.documents[0].splitlines()[3:] == [
        "  release: n s true",
        "  kube: v1.29.1",
        "  api: true",
        '  values: {"a":{"b":3,"c":2,"d":4},"e":"5","l":[1,"x"]}',
    ]
