"""Where native assembly differs from ``buildah build`` 1.28 on purpose, each with its reason.

What is not a matter of single instructions: layers are several and not compressed (so that they are reproducible and
need not travel again); all times are SOURCE_DATE_EPOCH or 0; the label ``io.buildah.version`` is missing, the content
id is; the history has our steps; the manifest has annotations.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from action.errors import InputError
from action.store.oci.layout import OciLayout
from tests.support.building import build_image
from tests.support.unpacked import make_files, run_config, unpack


def assembled(tmp_path: Path, text: str, files: dict[str, Any] | None = None) -> tuple[dict[str, Any], set[str]]:
    """The run configuration and the paths of the image."""
    context = tmp_path / "context"
    make_files(context, {"a.txt": "a", "b.txt": "b", **(files or {}), "Kubefile": f"FROM scratch\n{text}"})
    layout = OciLayout(tmp_path / "layout")
    built = build_image(
        context, context / "Kubefile", arch="amd64", labels={}, build_args={}, layout=layout, engine="native"
    )
    return run_config(layout, built.digest), set(unpack(layout, built.digest))


def refusal(tmp_path: Path, text: str, files: dict[str, Any] | None = None) -> str:
    with pytest.raises(InputError) as caught:
        assembled(tmp_path, text, files)
    return caught.value.problems[0].code


def test_a_port_range_is_its_ports(tmp_path: Path) -> None:
    """Buildah writes "80-82/tcp", which the image specification does not know."""
    config, _ = assembled(tmp_path, "EXPOSE 80-82\n")
    assert sorted(config["ExposedPorts"]) == ["80/tcp", "81/tcp", "82/tcp"]


def test_one_port_with_two_protocols_is_two(tmp_path: Path) -> None:
    """Buildah drops the second when it comes in another EXPOSE; docker keeps both."""
    config, _ = assembled(tmp_path, "EXPOSE 53/tcp\nEXPOSE 53/udp\n")
    assert sorted(config["ExposedPorts"]) == ["53/tcp", "53/udp"]


def test_a_pattern_for_one_name_is_refused(tmp_path: Path) -> None:
    """Buildah writes every match over the one before, and only the last is left."""
    assert refusal(tmp_path, "COPY *.txt /name\n") == "many-to-one"


def test_a_match_that_is_ignored_decides_nothing(tmp_path: Path) -> None:
    """Buildah asks the first match whether the target is a file, even when the ignore file hides it, and fails."""
    files = {".dockerignore": ".dockerignore\n*.txt\nKubefile\n", "d/x": "x", "d/y": "y"}
    assert {"t/x", "t/y"} <= assembled(tmp_path, "COPY * /t\n", files)[1]


def test_a_slash_and_a_dot_is_a_directory(tmp_path: Path) -> None:
    """Buildah makes /x a file, against the reference."""
    assert "x/a.txt" in assembled(tmp_path, "COPY a.txt /x/.\n")[1]


def test_names_with_the_characters_of_patterns_are_copied(tmp_path: Path) -> None:
    """Buildah finds such a file by its pattern, then takes its name for a pattern, and finds nothing."""
    assert "t/[x].txt" in assembled(tmp_path, "COPY [[]x].txt /t/\n", {"[x].txt": "x"})[1]


def test_substitutions_without_a_colon(tmp_path: Path) -> None:
    """POSIX and docker know them; buildah 1.28 does not."""
    config, _ = assembled(tmp_path, "ENV A=\nENV B=${A-x}. C=${N-x} D=${A+y} E=${N+y}.\n")
    assert config["Env"][1:] == ["A=", "B=.", "C=x", "D=y", "E=."]


@pytest.mark.parametrize("text", ["ENV =x\n", "LABEL a=b =c\n"])
def test_an_empty_name_is_refused(tmp_path: Path, text: str) -> None:
    """Docker refuses it too; buildah makes a variable with no name."""
    assert refusal(tmp_path, text) == "bad-pair"


def test_a_reference_to_nothing_is_refused(tmp_path: Path) -> None:
    """Docker refuses it too; buildah puts nothing in its place."""
    assert refusal(tmp_path, "ENV A=${}\n") == "bad-substitution"


def test_a_command_of_nothing_is_refused(tmp_path: Path) -> None:
    """Buildah takes CMD without a word for an empty command."""
    assert refusal(tmp_path, "CMD\n") == "no-arguments"


def test_two_escapes_at_the_end_do_not_continue_the_line(tmp_path: Path) -> None:
    """As docker reads it; buildah joins the lines."""
    config, _ = assembled(tmp_path, "ENV A=x\\\\\nENV B=y\n")
    assert config["Env"][1:] == ["A=x\\", "B=y"]


def test_link_changes_no_file(tmp_path: Path) -> None:
    """Buildah 1.28 refuses the flag."""
    assert "t/a.txt" in assembled(tmp_path, "COPY --link a.txt /t/\n")[1]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("RUN true\n", "it has RUN"),
        ("ONBUILD COPY a b\n", "it has ONBUILD"),
        ("HEALTHCHECK NONE\n", "it has HEALTHCHECK"),
        ('SHELL ["/bin/bash"]\n', "it has SHELL"),
        ("COPY --from=other a /\n", "COPY has --from"),
        ("COPY --chown=user a.txt /\n", "--chown=user is not numeric"),
        ("COPY --chmod=u+x a.txt /\n", "--chmod=u+x is not octal"),
        ("COPY --parents a.txt /\n", "COPY has --parents"),
        ("ADD https://example.com/x /\n", "ADD has a remote source"),
        ("ADD archive.tgz /\n", "ADD unpacks the archive archive.tgz"),
        ("ARG BUILDARCH\n", "it asks for BUILDARCH"),
        ("COPY <<EOF /x\nhello\nEOF\n", "COPY has a here-document"),
        ("COPY passwd /etc/passwd\nUSER app\nWORKDIR /home\n", "belong to app of /etc/passwd"),
        ("FROM scratch\nCOPY a.txt /\n", "several stages"),
    ],
)
def test_what_is_left_to_a_builder_and_why(tmp_path: Path, text: str, why: str) -> None:
    files = {"archive.tgz": b"\x1f\x8b\x08rest", "passwd": "app:x:7:7::/:/bin/sh\n"}
    with pytest.raises(InputError) as caught:
        assembled(tmp_path, text, files)
    assert caught.value.problems[0].code == "not-native"
    assert why in caught.value.problems[0].message
