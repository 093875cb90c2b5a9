"""Small pure parts: Kubernetes versions, helm's messages, literals, annotations, charts as files."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from action.discovery.charts.files import read_chart
from action.discovery.charts.kube_version import kube_version_for, satisfies
from action.discovery.evidence.literals import literal, tokens, unresolved
from action.discovery.helm.engine import KUBE_VERSION
from action.discovery.helm.output import render_error, split_stream, split_templates
from action.discovery.lists.sealignore import read_ignore_list
from action.errors import InputError, Problem
from action.model.reference import ImageReference
from action.report.terminal.annotations import annotation


@pytest.mark.parametrize(
    ("constraint", "version"),
    [
        ("", KUBE_VERSION),
        (">=1.19-0", KUBE_VERSION),
        (">= 1.19.0-0 < 1.30.0-0", "1.29.15"),
        ("^1.20", KUBE_VERSION),
        ("~1.25.0", "1.25.15"),
        ("1.26.x", "1.26.15"),
        ("1.22 - 1.24", "1.24.15"),
        ("<1.25 || >=1.28", KUBE_VERSION),
        ("!=1.34.0", "1.33.15"),
        ("<=1.27.0", "1.27.0"),
        ("=1.21.0", "1.21.0"),
        (">=2.0.0", None),
        ("nonsense", KUBE_VERSION),
    ],
)
def test_a_chart_is_rendered_for_the_newest_version_it_takes(constraint: str, version: str | None) -> None:
    assert kube_version_for(constraint) == version


def test_comparisons() -> None:
    assert satisfies((1, 30, 0), ">1.29")
    assert not satisfies((1, 29, 5), ">1.29")
    assert not satisfies((2, 0, 0), "^1.2")


@pytest.mark.parametrize(
    ("text", "template", "line"),
    [
        (
            "Error: execution error at (web/templates/bad.yaml:2:3): need x\n\nUse --debug flag",
            "web/templates/bad.yaml",
            2,
        ),
        ('Error: template: web/templates/a.yaml:3:10: executing "x" at <.V>: nil pointer', "web/templates/a.yaml", 3),
        (
            "parse error at (web/charts/kid/templates/a.tpl:7): missing value for if",
            "web/charts/kid/templates/a.tpl",
            7,
        ),
        ("Error: YAML parse error on web/templates/a.yaml: error: yaml: line 9: x", "web/templates/a.yaml", 9),
        ("Error: values don't meet the specifications of the schema(s)", None, None),
    ],
)
def test_helm_says_where_it_failed(text: str, template: str | None, line: int | None) -> None:
    error = render_error(text)
    assert (error.template, error.line) == (template, line)
    assert "Use --debug" not in error.message
    assert not error.message.startswith("Error")


def test_both_outputs_of_helm_give_the_same_documents() -> None:
    service, pod = "kind: Service\nname: s\n", "kind: Pod\nname: p\n"
    printed = f"---\n# Source: w/templates/a.yaml\n{service}---\n# Source: w/templates/a.yaml\n{pod}"
    whole = [("w/templates/a.yaml", f"{pod}---\n{service}"), ("w/templates/NOTES.txt", "image: x"), ("w/x", " \n")]
    assert [d.strip() for t in split_stream(printed) for d in t.documents] == [
        d.strip() for t in split_templates(whole) for d in t.documents
    ]


@pytest.mark.parametrize(
    ("text", "strict", "unmistakable"),
    [
        ("nginx", False, False),
        ("nginx:1", True, False),
        ("quay.io/a/b", True, False),
        ("quay.io/a/b:1", True, True),
        ("my.host/path:8080", True, False),
        ("localhost/a:1", True, False),
        ("docker://quay.io/a:v1", True, True),
    ],
)
def test_how_sure_a_text_is_an_image(text: str, strict: bool, unmistakable: bool) -> None:
    known = literal(text)
    assert known is not None
    assert (known.strict, known.unmistakable) == (strict, unmistakable)


@pytest.mark.parametrize("text", ["", "auto", "http://h:80/x", "a b", "A/B:1", "x" * 600, "${A}"])
def test_texts_that_are_no_image(text: str) -> None:
    assert literal(text) is None


def test_words_in_text() -> None:
    assert tokens("see https://quay.io/a/b:1 or\nrun quay.io/a/b:1.") == [("quay.io/a/b:1", 1)]
    assert unresolved("a/%s:1")
    assert not unresolved("quay.io/a:1")


@pytest.mark.parametrize(
    ("line", "name", "ignored"),
    [
        ("nginx", "docker.io/library/nginx:1.25", True),
        ("nginx:1.25", "nginx:1.26", False),
        ("docker.io/library/nginx:1.25", "nginx:1.25", True),
        ("nginx*", "nginx-extras:1", True),
        ("team/*", "docker.io/team/a:1", True),
        ("team/*", "quay.io/team/a:1", False),
        ("*", "quay.io/a/b:1", True),
        ("*/team/*", "quay.io/team/a:1", True),
        ("quay.io/a/b:v?", "quay.io/a/b:v1@sha256:" + "1" * 64, True),
        ("quay.io/a/[b]*", "quay.io/a/b:1", False),
    ],
)
def test_the_ignore_list_compares_what_names_mean(tmp_path: Path, line: str, name: str, ignored: bool) -> None:
    (tmp_path / ".sealignore").write_text(line + "\n")
    assert read_ignore_list(tmp_path).ignores(ImageReference.parse(name)) is ignored


def test_annotations_cannot_be_broken_out_of() -> None:
    problem = Problem("code", "50%\n::error::x", "do: it", "a,b:c.yaml", 3)
    assert annotation(problem, "apps/x") == (
        "::error file=apps/x/a%2Cb%3Ac.yaml,line=3,title=code::50%25%0A::error::x%0Ado: it"
    )


def test_inside_an_archive_there_is_no_line_to_point_at() -> None:
    problem = Problem("code", "m", "", "charts/w.tgz!w/templates/a.yaml", 3, severity="warning")
    assert annotation(problem) == "::warning file=charts/w.tgz!w/templates/a.yaml,title=code::m"
    beside = problem._replace(file="../image.yaml")
    assert annotation(beside, "apps/x").startswith("::warning file=apps/image.yaml,")


def archive(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


def test_a_packed_chart_shows_its_packed_subcharts(tmp_path: Path) -> None:
    kid = archive(tmp_path / "kid.tgz", {"kid/Chart.yaml": b"name: kid\n", "kid/values.yaml": b"a: 1\n"})
    files = {"web/Chart.yaml": b"name: web\n", "web/charts/kid-1.tgz": kid.read_bytes()}
    chart = read_chart(tmp_path, archive(tmp_path / "web-1.tgz", files), "charts/web-1.tgz")
    assert chart.name == "web"
    assert "charts/kid/values.yaml" in chart.files
    assert chart.place("web/templates/a.yaml") == "charts/web-1.tgz!web/templates/a.yaml"


@pytest.mark.parametrize("data", [b"", b"not gzip", b"\x1f\x8b\x08\x00"])
def test_what_is_no_archive_is_said(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.tgz").write_bytes(data)
    with pytest.raises(InputError) as raised:
        read_chart(tmp_path, tmp_path / "x.tgz", "charts/x.tgz")
    assert raised.value.problems[0].file == "charts/x.tgz"


def test_an_archive_that_unpacks_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("action.discovery.charts.files.MAX_UNPACKED", 1000)
    bomb = archive(tmp_path / "x.tgz", {"x/Chart.yaml": b"name: x\n", "x/zeros": bytes(2000)})
    with pytest.raises(InputError, match="more than a chart ever needs"):
        read_chart(tmp_path, bomb, "charts/x.tgz")
