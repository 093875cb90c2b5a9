"""Who we are at a registry: an ordered look-up through the files that Docker and Podman keep.

Formats: docker/cli ``config.json`` (auths, credHelpers, credsStore) and containers-auth.json(5).
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from action.errors import InputError, Problem
from action.model.reference import DOCKER_HUB

_HUB_KEYS = ("https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io")


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A login, or none: anonymous is a value. ``origin`` says in words where it came from.

    ``identity_token`` is exchanged for access tokens (OAuth2 refresh token); ``registry_token`` is sent as it is.
    """

    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    registry_token: str = field(default="", repr=False)
    origin: str = ""

    @property
    def anonymous(self) -> bool:
        return not (self.username or self.identity_token or self.registry_token)


ANONYMOUS = Credentials()


class Keychain(Protocol):
    """Finds the credentials for a registry host; ``repository`` lets a file keep several logins for one host."""

    def resolve(self, host: str, repository: str = "") -> Credentials: ...


class AnonymousKeychain:
    """Nobody, everywhere."""

    def resolve(self, host: str, repository: str = "") -> Credentials:
        return ANONYMOUS


@dataclass(frozen=True, slots=True)
class LoginKeychain:
    """One explicit login for one host; any other host is asked of ``others``."""

    host: str
    credentials: Credentials
    others: Keychain = field(default_factory=AnonymousKeychain)

    def resolve(self, host: str, repository: str = "") -> Credentials:
        return self.credentials if host == self.host else self.others.resolve(host, repository)


class FileKeychain:
    """The first of several files that knows the host; a file that does not exist knows nothing."""

    def __init__(self, files: Iterable[Path], environment: Mapping[str, str]) -> None:
        self._files = tuple(files)
        self._environment = environment
        self._lock = threading.Lock()
        self._read: dict[Path, Mapping[str, Any]] = {}
        self._known: dict[tuple[str, str], Credentials] = {}

    def resolve(self, host: str, repository: str = "") -> Credentials:
        with self._lock:
            known = self._known.get((host, repository))
            if known is None:
                known = self._known[(host, repository)] = self._look_up(host, repository)
            return known

    def _look_up(self, host: str, repository: str) -> Credentials:
        for file in self._files:
            if file not in self._read:
                self._read[file] = _read_config(file)
            found = _in_config(self._read[file], file, _keys(host, repository), self._environment)
            if found is not None:
                return found
        return ANONYMOUS


def default_keychain(environment: Mapping[str, str] = os.environ) -> Keychain:
    """The keychain of the person at the keyboard, files in the order in which an explicit choice comes first."""
    home = Path(environment.get("HOME") or Path.home())
    files: list[Path] = []
    if chosen := environment.get("REGISTRY_AUTH_FILE"):
        files.append(Path(chosen))
    files.append(Path(environment.get("DOCKER_CONFIG") or home / ".docker") / "config.json")
    if runtime := environment.get("XDG_RUNTIME_DIR"):
        files.append(Path(runtime) / "containers/auth.json")
    files.append(Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "containers/auth.json")
    return FileKeychain(files, environment)


def _keys(host: str, repository: str) -> tuple[str, ...]:
    """The names under which a file may know this repository's login, the most exact first."""
    parts = repository.split("/") if repository else []
    exact = tuple(f"{host}/{'/'.join(parts[:count])}" for count in range(len(parts), 0, -1))
    return exact + (_HUB_KEYS if host == DOCKER_HUB else (host,))


def _read_config(file: Path) -> Mapping[str, Any]:
    try:
        data = json.loads(file.read_text(encoding="utf-8") or "{}")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        raise _bad_file(file, f"cannot be read: {error}") from error
    if not isinstance(data, dict):
        raise _bad_file(file, "is not a JSON object")
    return data


def _in_config(
    config: Mapping[str, Any], file: Path, keys: tuple[str, ...], environment: Mapping[str, str]
) -> Credentials | None:
    """What one file says: a helper named for the host, then the general helper, then what is written in the file."""
    helpers = _mapping(config.get("credHelpers"))
    for key in keys:
        if isinstance(helper := helpers.get(key), str) and helper:
            found = _from_helper(helper, key, environment, must_exist=True)
            if found is not None:
                return found
    if isinstance(store := config.get("credsStore"), str) and store:
        for key in keys:
            found = _from_helper(store, key, environment, must_exist=False)
            if found is not None:
                return found
    entries = {_bare(key): value for key, value in _mapping(config.get("auths")).items()}
    for key in keys:
        entry = entries.get(_bare(key))
        if isinstance(entry, dict) and (credentials := _entry(entry, file, key)) is not None:
            return credentials
    return None


def _from_helper(name: str, key: str, environment: Mapping[str, str], *, must_exist: bool) -> Credentials | None:
    from action.registry.credentials.credential_helper import (
        ask_helper,  # it runs a program, and most logins need none
    )

    found = ask_helper(name, key, environment, must_exist=must_exist)
    return Credentials(**found, origin=f"the credential helper {name!r}") if found is not None else None


def _entry(entry: Mapping[str, Any], file: Path, key: str) -> Credentials | None:
    username, password = str(entry.get("username") or ""), str(entry.get("password") or "")
    if isinstance(auth := entry.get("auth"), str) and auth:
        try:
            username, colon, password = base64.b64decode(auth, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise _bad_file(file, f"the auth of {key!r} is not base64") from error
        if not colon:
            raise _bad_file(file, f"the auth of {key!r} is not base64 of user:password")
    credentials = Credentials(
        username=username,
        password=password.rstrip("\0"),  # older Docker clients padded the decoded text
        identity_token=str(entry.get("identitytoken") or ""),
        registry_token=str(entry.get("registrytoken") or ""),
        origin=str(file),
    )
    return None if credentials.anonymous else credentials


def _bare(key: str) -> str:
    """``https://ghcr.io/v2/`` and ``ghcr.io`` are one key."""
    text = key.split("://", 1)[-1].rstrip("/")
    for version in ("/v1", "/v2"):
        text = text.removesuffix(version)
    return text


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _bad_file(file: Path, message: str) -> InputError:
    return InputError(Problem("bad-login-file", message, "correct the file, or log in again", file=str(file)))
