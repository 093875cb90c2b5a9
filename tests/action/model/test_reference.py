from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from action.errors import InputError
from action.model.reference import ImageReference

HEX = "0123456789abcdef" * 4
DIGEST = f"sha256:{HEX}"


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("nginx:1.25", "docker.io/library/nginx:1.25"),
        ("library/nginx", "docker.io/library/nginx:latest"),
        ("docker.io/nginx", "docker.io/library/nginx:latest"),
        ("index.docker.io/library/nginx", "docker.io/library/nginx:latest"),
        ("registry-1.docker.io/bitnami/redis:7", "docker.io/bitnami/redis:7"),
        ("bitnami/redis:7", "docker.io/bitnami/redis:7"),
        ("quay.io/a/b/c/d:v1", "quay.io/a/b/c/d:v1"),
        ("localhost/a", "localhost/a:latest"),
        ("localhost:5000", "docker.io/library/localhost:5000"),
        ("localhost:5000/a", "localhost:5000/a:latest"),
        ("[::1]:5000/a:1", "[::1]:5000/a:1"),
        ("[fd00::1]/a", "[fd00::1]/a:latest"),
        ("Registry/a", "Registry/a:latest"),
        ("a.b/c", "a.b/c:latest"),
        ("ab/c", "docker.io/ab/c:latest"),
        ("repo:8", "docker.io/library/repo:8"),
        ("a__b/c-d.e_f--g:T_.-x", "docker.io/a__b/c-d.e_f--g:T_.-x"),
        (f"nginx:{'t' * 128}", f"docker.io/library/nginx:{'t' * 128}"),
        (f"nginx@{DIGEST}", f"docker.io/library/nginx@{DIGEST}"),
        (f"nginx:1@{DIGEST}", f"docker.io/library/nginx:1@{DIGEST}"),
        (f"r.io:1/a@sha512:{HEX * 2}", f"r.io:1/a@sha512:{HEX * 2}"),
    ],
)
def test_every_way_of_writing_an_image(written: str, canonical: str) -> None:
    reference = ImageReference.parse(written)
    assert str(reference) == canonical
    assert reference.written == written
    assert ImageReference.parse(canonical) == reference


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "empty"),
        (HEX, "image id"),
        ("Nginx", "upper-case"),
        ("docker.io/fooImage", "upper-case"),
        (f"nginx:{'t' * 129}", "tag"),
        ("nginx:", "tag"),
        ("nginx:.x", "tag"),
        ("nginx@sha256:123", "digest"),
        ("nginx@", "digest"),
        (f"nginx@md5:{HEX[:32]}", "digest"),
        ("a//b", "path"),
        ("a/", "path"),
        ("/a", "path"),
        ("a___b", "path"),
        ("a..b/c", "domain"),
        ("-a", "path"),
        ("http://a/b", "domain"),
        ("registry/*", "path"),
        ("{{ .Image }}", "path"),
        ("nginx latest", "path"),
        ("nginx\n", "path"),
        ("ng\u0131n", "path"),
        (f"r.io/{'a' * 260}", "longer"),
        ("[::1/a", "domain"),
        ("r.io:port/a", "domain"),
    ],
)
def test_a_bad_reference_says_which_part(written: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        ImageReference.parse(written)


@given(st.text(max_size=80))
def test_any_text_is_a_reference_or_an_input_error(text: str) -> None:
    try:
        reference = ImageReference.parse(text)
    except InputError:
        return
    assert ImageReference.parse(str(reference)) == reference
