"""Native assembly gives what ``buildah build`` gives, file by file and in the configuration.

The differences that are meant to be are in test_differences.py, each with its reason.
"""

from __future__ import annotations

import bz2
import gzip
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from action.assembly.builder.run import run_engine
from action.errors import ClusterImageError
from action.store.oci.layout import OciLayout
from generator.buildfile.parse import parse_buildfile
from tests.support.building import build_image
from tests.support.unpacked import make_files, run_config, unpack

pytestmark = pytest.mark.real("buildah")
APPLICATIONS = Path(__file__).resolve().parents[3] / "applications"

TREE: dict[str, Any] = {
    "a.txt": "a\n",
    "b.txt": ("b\n", 0o600),
    "run.sh": ("#!/bin/sh\n", 0o755),
    "charts/web/Chart.yaml": "name: web\n",
    "charts/web/templates/d.yaml": ("kind: Deployment\n", 0o640),
    "charts/readonly": (None, 0o555),
    "empty": None,
    "etc/conf.tmpl": "x\n",
    "link-to-file": ("link", "a.txt"),
    "link-to-dir": ("link", "charts"),
    "link-absolute": ("link", "/charts/web/Chart.yaml"),
    "link-dangling": ("link", "nowhere"),
    "charts/up": ("link", "../a.txt"),
    "hard/one": ("same\n", 0o604),
    "hard/two": ("hard", "hard/one"),
    "odd/setuid": ("x", 0o4755),
    "odd/setgid-dir": (None, 0o2775),
    "odd/sticky": (None, 0o1777),
    "odd/ünïcode-名.txt": "u\n",
    "odd/with space": "s\n",
    "odd/" + "n" * 180: "long\n",
    "deep/" + "/".join(["d" * 60] * 5) + "/leaf": "deep\n",
    "zero": b"",
    "fifo": ("fifo",),
}

CASES: dict[str, str] = {
    "everything": "COPY . .\n",
    "everything-to-dir": "COPY . /opt/app\n",
    "everything-slash": "COPY ./ /\n",
    "one-file": "COPY a.txt /\n",
    "one-file-renamed": "COPY a.txt /etc/new/name\n",
    "one-file-to-dir": "COPY a.txt /new/\n",
    "several": "COPY a.txt b.txt charts /opt/\n",
    "several-without-slash": "COPY a.txt b.txt /opt\n",
    "directory-contents": "COPY charts /charts\n",
    "directory-trailing": "COPY charts/ charts/\n",
    "glob": "COPY *.txt /t/\n",
    "glob-class": "COPY [ab].t?t /t/\n",
    "glob-negated": "COPY [^a].txt /t/\n",
    "glob-dirs": "COPY charts/*/templates /t\n",
    "glob-deep": "COPY */web/Chart.yaml /t/\n",
    "glob-of-nothing-beside": "COPY a.txt *.none /t/\n",
    "glob-of-nothing-first": "COPY *.none charts /t\n",
    "glob-all": "COPY [^l]* *.sh /t/\n",
    "glob-directories-merge": "COPY c*/ h*/ /t/\n",
    "json": 'COPY ["odd/with space", "a.txt", "/t/"]\n',
    "add-local": "ADD a.txt charts /t/\n",
    "symlink-source": "COPY link-to-file /t/\n",
    "symlink-source-renamed": "COPY link-to-file /t/x\n",
    "symlink-directory-source": "COPY link-to-dir /t\n",
    "symlink-through": "COPY link-to-dir/web/Chart.yaml /t/\n",
    "symlink-absolute": "COPY link-absolute /t/\n",
    "leading-slash": "COPY /a.txt /t/\n",
    "dots-inside": "COPY charts/../a.txt /t/\n",
    "chown": "COPY --chown=1000:2000 charts a.txt /opt/x/\n",
    "chown-one": "COPY --chown=77 a.txt /opt/x/\n",
    "chown-links": "COPY --chown=5:6 . /opt/x/\n",
    "chmod": "COPY --chmod=0640 a.txt charts /x/\n",
    "chmod-setuid": "COPY --chmod=4755 run.sh /x/\n",
    "chmod-tree": "COPY --chmod=700 . /x/\n",
    "both-flags": "COPY --chown=1:2 --chmod=600 a.txt /x/\n",
    "flag-variable": "ARG WHO=12:34\nCOPY --chown=$WHO a.txt /x/\n",
    "onto-itself": "COPY charts /c\nCOPY hard /c\nCOPY a.txt /c/one\n",
    "file-over-link": "COPY . /t\nCOPY b.txt /t/link-to-file\n",
    "file-over-directory": "COPY charts /c\nCOPY a.txt /c/\nCOPY hard /c/\n",
    "directory-over-file": "COPY a.txt /t/web\nCOPY charts /t\n",
    "directory-over-link": "COPY . /t\nCOPY charts /t/link-to-dir\n",
    "into-link": "COPY . /t\nCOPY b.txt /t/link-to-dir/\n",
    "through-absolute-link": "COPY . /\nCOPY b.txt /link-to-dir/new\n",
    "break-hard-link": "COPY hard /h\nCOPY a.txt /h/one\n",
    "hard-links-apart": "COPY hard/one hard/two /h/\n",
    "mode-of-existing": "COPY charts /c\nCOPY --chown=9:9 charts/web /c/web\n",
    "workdir": "WORKDIR /w\nCOPY a.txt .\nWORKDIR sub\nCOPY b.txt ./\nCOPY b.txt new\n",
    "workdir-user": "USER 10:20\nWORKDIR /w/x\nCOPY a.txt .\n",
    "workdir-user-name": "USER nobody\nWORKDIR /w/x\nCOPY a.txt .\n",
    "workdir-variable": "ENV D=/some\nWORKDIR $D/place\n",
    "workdir-only": "WORKDIR /only\n",
    "workdir-dot-target": "WORKDIR /w\nCOPY a.txt /w\n",
    "config": (
        'LABEL a=1 b="two words" c=\'$A\'\nENV A=1 B="$A x" C=${A}y D=${N:-d} E=${A:+set} F=a\\ b\n'
        'EXPOSE 80 443/tcp 53/udp\nVOLUME /data /more\nVOLUME ["/json dir"]\nUSER 1:2\nSTOPSIGNAL SIGTERM\n'
        'ENTRYPOINT ["/bin/x", "-a"]\nCMD ["b $(A)"]\nMAINTAINER Some One <a@b.c>\n'
    ),
    "shell-forms": "ENTRYPOINT exec  thing   $HOME\nCMD some  text \\\n  more\n",
    "cmd-then-entrypoint": 'CMD ["a"]\nENTRYPOINT ["b"]\n',
    "cmd-twice": 'CMD ["a"]\nCMD echo b\n',
    "json-with-rubbish": 'CMD ["a"] b\n',
    "json-broken": "CMD [a, b]\n",
    "json-escapes": 'CMD ["a\\u00e9\\n\\"q\\""]\n',
    "empty-cmd": "CMD []\n",
    "env-path": "ENV PATH=$PATH:/opt/bin\nENV HERE=$PATH\n",
    "env-old-form": "ENV OLD some  value here\nENV NEXT=$OLD\n",
    "env-quotes": "ENV A='single $B' B=\"dou\\\"ble\" C=mi'x'ed\"up\" D=\\$x E=\n",
    "env-same-line": "ENV A=1\nENV A=2 B=$A\n",
    "env-continued": 'ENV A=1 \\\n    B="x \\\ny" \\\n# comment\n  \\\n    C=3\n',
    "args": "ARG A=1\nARG B=${A}2\nARG C\nENV X=$B Y=$C Z=${A}\nENV A=env\nENV W=$A\n",
    "arg-quoted": "ARG A=\"x y\"\nLABEL a=$A\nENV B=$A\n",
    "label-newline": 'LABEL "com.example.k"="v" other="line1\\\nline2"\n',
    "label-override": "LABEL a=1\nLABEL a=2\n",
    "lower-case": "copy a.txt /t/\ncmd [\"x\"]\n",
    "variables-in-copy": "ENV S=a D=/t\nCOPY ${S}.txt $D/\n",
    "target-args": "ARG TARGETARCH\nARG TARGETOS\nLABEL x=$TARGETOS-$TARGETARCH\n",
    "expose-variable": "ENV P=\"80 81\"\nEXPOSE $P 90\n",
    "nothing": "CMD [\"x\"]\n",
    "empty-directory": "COPY empty /e\n",
    "tabs": "COPY\ta.txt\t/t/\n",
}  # fmt: skip

IGNORED: dict[str, str] = {
    "names": "a.txt\ncharts\n",
    "glob": "*.txt\n*/web\n",
    "anywhere": "**/*.yaml\n",
    "taken-back": "charts\n!charts/web/Chart.yaml\n",
    "all-but": "*\n!a.txt\n!charts/web\n",
    "comments": "# a.txt\n\n  b.txt  \n/run.sh\n",
    "slash": "charts/\n/etc/\n",
    "question": "?.txt\n",
    "class": "[ab].txt\n",
    "star-star-end": "charts/**\n",
    "order": "!a.txt\n*.txt\n!b.txt\n",
    "dotted": "./a.txt\ncharts/../b.txt\n",
}


def check(tmp_path: Path, kubefile: str, *, arch: Any = "amd64", build_args: dict[str, str] | None = None) -> None:
    """Both builders on one context; either both refuse, or both images are the same."""
    context = tmp_path / "context"
    path = context / "Kubefile"
    path.write_text(f"FROM scratch\n{kubefile}", encoding="utf-8")
    ours, theirs = OciLayout(tmp_path / "ours"), OciLayout(tmp_path / "theirs")
    built = build_image(context, path, arch=arch, labels={}, build_args=build_args or {}, layout=ours, engine="native")
    run_engine("buildah", context, path, theirs.root, arch=arch, build_args=build_args or {}, epoch=0)
    other = theirs.resolve().digest
    assert unpack(ours, built.digest) == unpack(theirs, other)
    assert run_config(ours, built.digest) == run_config(theirs, other)


def refused_by_both(tmp_path: Path, kubefile: str) -> None:
    path = tmp_path / "context" / "Kubefile"
    path.write_text(f"FROM scratch\n{kubefile}", encoding="utf-8")
    with pytest.raises(ClusterImageError):
        run_engine("buildah", path.parent, path, tmp_path / "theirs", arch="amd64", build_args={}, epoch=0)
    with pytest.raises(ClusterImageError):
        build_image(
            path.parent,
            path,
            arch="amd64",
            labels={},
            build_args={},
            layout=OciLayout(tmp_path / "ours"),
            engine="native",
        )
    assert not (tmp_path / "ours").exists()


@pytest.mark.parametrize("name", CASES)
def test_instructions(tmp_path: Path, name: str) -> None:
    make_files(tmp_path / "context", TREE)
    check(tmp_path, CASES[name])


@pytest.mark.parametrize("name", IGNORED)
@pytest.mark.parametrize("file", [".dockerignore"])
def test_ignore_files(tmp_path: Path, name: str, file: str) -> None:
    make_files(tmp_path / "context", {**TREE, file: IGNORED[name]})
    check(tmp_path, "COPY . /all\n")


@pytest.mark.parametrize(
    "files",
    [
        {".containerignore": "a.txt\n", ".dockerignore": "b.txt\n"},
        {"Kubefile.dockerignore": "a.txt\n", ".dockerignore": "b.txt\n"},
        {"Kubefile.containerignore": "a.txt\n", "Kubefile.dockerignore": "b.txt\n"},
    ],
)
def test_which_ignore_file_counts(tmp_path: Path, files: dict[str, str]) -> None:
    make_files(tmp_path / "context", {**TREE, **files})
    check(tmp_path, "COPY . /all\n")


@pytest.mark.parametrize(
    "buildfile", sorted(APPLICATIONS.glob("*/*/*file")), ids=lambda path: path.relative_to(APPLICATIONS).as_posix()
)
def test_the_catalogue(tmp_path: Path, buildfile: Path) -> None:
    """Every build file of the tree; what its init.sh would bring is stood in for."""
    context = tmp_path / "context"
    shutil.copytree(buildfile.parent, context, symlinks=True)
    instructions = parse_buildfile(buildfile).last_stage.instructions
    for source in (source for item in instructions if item.keyword == "COPY" for source in item.args[:-1]):
        if not (context / source).exists():
            make_files(context, {f"{source}/file": "x"})
    text = buildfile.read_text(encoding="utf-8")
    check(tmp_path, text.partition("FROM scratch\n")[2])


def test_add_of_what_is_compressed_and_no_archive(tmp_path: Path) -> None:
    files = {"plain.gz": gzip.compress(b"text", mtime=0), "zeros": bytes(2000), "words.bz2": bz2.compress(b"text")}
    make_files(tmp_path / "context", files)
    check(tmp_path, "ADD plain.gz words.bz2 /t/\n")


def test_extended_attributes(tmp_path: Path) -> None:
    make_files(tmp_path / "context", {"a": "x", "d/b": "y"})
    try:
        os.setxattr(tmp_path / "context/a", "user.note", b"one\x00two")
        os.setxattr(tmp_path / "context/d", "user.note", b"three")
    except OSError:
        pytest.skip("the file system of the tests has no extended attributes")
    check(tmp_path, "COPY . /t\n")


def test_build_args_and_another_architecture(tmp_path: Path) -> None:
    make_files(tmp_path / "context", TREE)
    text = "ARG V=1\nARG TARGETARCH\nENV X=$V\nLABEL arch=${TARGETARCH:-none}\nCOPY ${V}.txt /\n"
    check(tmp_path, text, arch="arm64", build_args={"V": "a"})


@pytest.mark.parametrize(
    ("text", "ignored"),
    [
        ("COPY dir /\n", "*\n!dir/gone\n"),
        ("COPY dir /\n", "dir\n"),
        ("COPY a.txt charts /x/\n", "*\n!a.txt\n"),
    ],
)
def test_what_both_refuse_because_it_is_ignored(tmp_path: Path, text: str, ignored: str) -> None:
    make_files(tmp_path / "context", {**TREE, "dir/b": "", ".dockerignore": ignored})
    refused_by_both(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    [
        "COPY ../outside /x\n",
        "COPY nothing-here /x\n",
        "COPY *.none /x/\n",
        "COPY *.none ?? /x/\n",
        "COPY a.txt nothing /x/\n",
        "COPY link-dangling /x\n",
        "COPY a.txt /t\nCOPY charts b.txt /t\n",
        "COPY a.txt /t\nCOPY b.txt /t/x\n",
        "COPY a.txt\n",
        "COPYY a b\n",
        "ENV A\n",
        "ENV A=$\n ENV B=${A\n",
        'ENV A="open\n',
        "COPY * /t/\n",
    ],
)
def test_what_both_refuse(tmp_path: Path, text: str) -> None:
    make_files(tmp_path / "context", TREE)
    (tmp_path / "outside").write_text("secret")
    refused_by_both(tmp_path, text)
