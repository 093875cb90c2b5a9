"""The files that Docker and Podman keep logins in, and the programs that keep them for Docker."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from action.errors import InputError, ToolError
from action.registry.credentials.auth import ANONYMOUS, Credentials, LoginKeychain, default_keychain


def login(user: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def write(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def helper(folder: Path, name: str, script: str) -> None:
    program = folder / f"docker-credential-{name}"
    folder.mkdir(parents=True, exist_ok=True)
    program.write_text(f"#!/bin/sh\nread server\n{script}\n")
    program.chmod(0o755)


def resolve(home: Path, host: str, repository: str = "", **environment: str) -> Credentials:
    return default_keychain({"HOME": str(home), "PATH": f"{home}/bin:/usr/bin:/bin", **environment}).resolve(
        host, repository
    )


def test_nothing_is_anonymous(tmp_path: Path) -> None:
    assert resolve(tmp_path, "ghcr.io") is ANONYMOUS
    assert ANONYMOUS.anonymous


@pytest.mark.parametrize(
    ("host", "key"),
    [
        ("ghcr.io", "ghcr.io"),
        ("ghcr.io", "https://ghcr.io"),
        ("ghcr.io", "https://ghcr.io/v2/"),
        ("localhost:5000", "localhost:5000"),
        ("docker.io", "https://index.docker.io/v1/"),
        ("docker.io", "docker.io"),
    ],
)
def test_a_host_is_found_however_it_was_written(tmp_path: Path, host: str, key: str) -> None:
    write(tmp_path / ".docker/config.json", {"auths": {key: login("me", "a:b")}})
    found = resolve(tmp_path, host)
    assert (found.username, found.password) == ("me", "a:b")
    assert found.origin == str(tmp_path / ".docker/config.json")


def test_the_files_are_asked_in_order(tmp_path: Path) -> None:
    auths = {"REGISTRY_AUTH_FILE": "first", "DOCKER_CONFIG": "second", "XDG_RUNTIME_DIR": "third", "HOME": "fourth"}
    write(tmp_path / "chosen.json", {"auths": {"a.io": login("first", "x")}})
    write(tmp_path / "docker/config.json", {"auths": {h: login("second", "x") for h in ("a.io", "b.io")}})
    write(tmp_path / "run/containers/auth.json", {"auths": {h: login("third", "x") for h in ("a.io", "b.io", "c.io")}})
    write(tmp_path / ".config/containers/auth.json", {"auths": {h: login("fourth", "x") for h in ("c.io", "d.io")}})
    environment = {
        "REGISTRY_AUTH_FILE": str(tmp_path / "chosen.json"),
        "DOCKER_CONFIG": str(tmp_path / "docker"),
        "XDG_RUNTIME_DIR": str(tmp_path / "run"),
    }
    users = [resolve(tmp_path, host, **environment).username for host in ("a.io", "b.io", "c.io", "d.io")]
    assert users == list(auths.values())


def test_podman_may_know_a_login_for_one_repository(tmp_path: Path) -> None:
    write(
        tmp_path / ".config/containers/auth.json",
        {"auths": {"quay.io": login("all", "x"), "quay.io/team": login("team", "x")}},
    )
    assert resolve(tmp_path, "quay.io", "team/app").username == "team"
    assert resolve(tmp_path, "quay.io", "other/app").username == "all"


def test_tokens_are_read(tmp_path: Path) -> None:
    write(
        tmp_path / ".docker/config.json",
        {"auths": {"a.io": {"identitytoken": "abc"}, "b.io": {"registrytoken": "def"}, "c.io": {}}},
    )
    assert resolve(tmp_path, "a.io").identity_token == "abc"
    assert resolve(tmp_path, "b.io").registry_token == "def"
    assert resolve(tmp_path, "c.io").anonymous


def test_a_helper_for_the_host_comes_before_the_general_one(tmp_path: Path) -> None:
    answer = """printf '{"ServerURL":"%s","Username":"%s","Secret":"s"}' "$server" """
    helper(tmp_path / "bin", "special", f"{answer} special")
    helper(tmp_path / "bin", "general", f"{answer} general")
    write(
        tmp_path / ".docker/config.json",
        {"credsStore": "general", "credHelpers": {"a.io": "special"}, "auths": {"b.io": login("file", "x")}},
    )
    assert resolve(tmp_path, "a.io").username == "special"
    assert resolve(tmp_path, "b.io").username == "general"
    assert "credential helper 'general'" in resolve(tmp_path, "b.io").origin


def test_a_helper_gives_an_identity_token_by_its_user_name(tmp_path: Path) -> None:
    helper(tmp_path / "bin", "t", """printf '{"Username":"<token>","Secret":"abc"}'""")
    write(tmp_path / ".docker/config.json", {"credsStore": "t"})
    found = resolve(tmp_path, "a.io")
    assert (found.username, found.identity_token) == ("", "abc")


def test_a_helper_that_knows_nothing_leaves_the_file(tmp_path: Path) -> None:
    helper(tmp_path / "bin", "empty", "echo credentials not found in native keychain; exit 1")
    write(tmp_path / ".docker/config.json", {"credsStore": "empty", "auths": {"a.io": login("file", "x")}})
    assert resolve(tmp_path, "a.io").username == "file"


def test_a_general_helper_that_is_not_installed_is_no_login(tmp_path: Path) -> None:
    write(tmp_path / ".docker/config.json", {"credsStore": "desktop"})
    assert resolve(tmp_path, "a.io").anonymous


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo broken >&2; exit 3", "exit code 3: broken"),
        ("echo not json", "its answer is not a login"),
    ],
)
def test_a_helper_that_fails_is_an_error(tmp_path: Path, script: str, words: str) -> None:
    helper(tmp_path / "bin", "bad", script)
    write(tmp_path / ".docker/config.json", {"credHelpers": {"a.io": "bad"}})
    with pytest.raises(ToolError, match=words):
        resolve(tmp_path, "a.io")


@pytest.mark.parametrize("name", ["missing", "../../bin/sh"])
def test_a_named_helper_that_is_not_installed_is_an_error(tmp_path: Path, name: str) -> None:
    write(tmp_path / ".docker/config.json", {"credHelpers": {"a.io": name}})
    with pytest.raises(ToolError, match="is not on PATH"):
        resolve(tmp_path, "a.io")


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"auths": {"a.io": {"auth": "%%%"}}}', '{"auths": {"a.io": {"auth": "YQ=="}}}']
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / ".docker/config.json"
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        resolve(tmp_path, "a.io")
    assert caught.value.problems[0].file == str(path)


def test_an_explicit_login_is_for_its_host_only() -> None:
    keychain = LoginKeychain("a.io", Credentials(username="me", password="x"))
    assert keychain.resolve("a.io").username == "me"
    assert keychain.resolve("b.io").anonymous


def test_a_password_is_never_shown() -> None:
    assert "hunter2" not in repr(Credentials(username="me", password="hunter2", identity_token="hunter2"))
