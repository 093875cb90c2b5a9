"""Who logs in to the registry that is published to: what was given, the workflow's own token, or a person's files."""

from __future__ import annotations

from collections.abc import Mapping

from action.registry.client import RegistryClient
from action.registry.credentials.auth import Credentials, Keychain, LoginKeychain, default_keychain
from action.registry.http.response import Timeouts
from action.registry.http.retry import RetryPolicy
from generator.settings.settings import Settings

# From the environment only: an argument shows in the list of processes (action.yml sets them from its inputs).
USERNAME, PASSWORD, TOKEN = "IMAGEBUILD_USERNAME", "IMAGEBUILD_PASSWORD", "IMAGEBUILD_TOKEN"
GITHUB_REGISTRY = "ghcr.io"
# Seconds. A registry that has got several gigabytes may hash and move them before it answers.
_PATIENCE = 600.0
_LOOK = RetryPolicy(attempts=2, throttled_attempts=3, retry_after_limit=10.0)


def publishing_keychain(registry: str, environment: Mapping[str, str]) -> Keychain:
    """The login for ``registry`` and for nothing else, from the environment; without one, the files of docker.

    GitHub's registry takes the token of the workflow, so that a fork publishes with nothing to configure.
    """
    username, password = environment.get(USERNAME, ""), environment.get(PASSWORD, "")
    origin = f"${USERNAME} and ${PASSWORD}"
    if not password and registry == GITHUB_REGISTRY and environment.get(TOKEN):
        username, password, origin = environment.get("GITHUB_ACTOR", "github"), environment[TOKEN], f"${TOKEN}"
    if not password:
        return default_keychain(environment)
    return LoginKeychain(registry, Credentials(username=username, password=password, origin=origin))


def publishing_client(registry: str, settings: Settings, environment: Mapping[str, str]) -> RegistryClient:
    """The client that publishes: logged in to ``registry`` alone, patient, without mirrors, which are for reading."""
    keychain = publishing_keychain(registry, environment)
    return RegistryClient(keychain, insecure=settings.insecure, timeouts=Timeouts(read=_PATIENCE))


def looking_client(registry: str, settings: Settings, environment: Mapping[str, str]) -> RegistryClient:
    """The same login, to look at what is published: it soon gives up, because a build can do without."""
    keychain = publishing_keychain(registry, environment)
    return RegistryClient(keychain, insecure=settings.insecure, policy=_LOOK)
