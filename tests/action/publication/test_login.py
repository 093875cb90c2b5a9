from __future__ import annotations

from action.model.address import with_destination
from action.publication.login import publishing_keychain
from action.registry.credentials.auth import FileKeychain, LoginKeychain
from generator.settings.settings import Settings


def test_a_fork_publishes_to_githubs_registry_with_the_token_of_the_workflow() -> None:
    keychain = publishing_keychain("ghcr.io", {"IMAGEBUILD_TOKEN": "t0ken", "GITHUB_ACTOR": "octocat"})
    assert (keychain.resolve("ghcr.io").username, keychain.resolve("ghcr.io").password) == ("octocat", "t0ken")


def test_the_token_is_for_no_other_registry() -> None:
    environment = {"IMAGEBUILD_TOKEN": "t0ken", "HOME": "/nowhere"}
    assert isinstance(publishing_keychain("registry.example", environment), FileKeychain)
    keychain = publishing_keychain("ghcr.io", environment)
    assert not keychain.resolve("registry.example").password


def test_a_login_that_was_given_comes_first() -> None:
    environment = {"IMAGEBUILD_TOKEN": "t0ken", "IMAGEBUILD_USERNAME": "me", "IMAGEBUILD_PASSWORD": "mine"}
    keychain = publishing_keychain("ghcr.io", environment)
    assert isinstance(keychain, LoginKeychain)
    assert keychain.resolve("ghcr.io").password == "mine"


def test_inputs_win_over_the_settings() -> None:
    settings = Settings(registry="a.example", namespace="one")
    assert with_destination(settings, "b.example", None).registry == "b.example"
    assert with_destination(settings, "b.example", None).namespace == "one"
