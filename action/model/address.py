"""Where an image is published: registry, namespace, and the names of tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from action.errors import InputError, Problem
from generator.names import ImageType
from generator.settings.settings import Settings


def image_name(settings: Settings, repository: str, image_type: ImageType, name: str, version: str) -> str:
    """What the image will be called: the settings' registry and namespace, else those of the repository's owner."""
    registry, namespace = settings.destination(image_type)
    namespace = namespace or repository.partition("/")[0].lower() or "owner"
    return f"{registry or 'ghcr.io'}/{namespace}/{name}:{version}"


DEFAULT_REGISTRY = "ghcr.io"


def default_destination(settings: Settings, image_type: ImageType, environment: Mapping[str, str]) -> tuple[str, str]:
    """Registry and namespace: those of the settings for the type, else ``ghcr.io/<owner of the repository>``.

    Raises InputError when neither says where to publish.
    """
    registry, namespace = settings.destination(image_type)
    registry = registry or DEFAULT_REGISTRY
    namespace = namespace or environment.get("GITHUB_REPOSITORY_OWNER", "").lower()
    if not namespace:
        raise InputError(
            Problem("no-namespace", f"nothing says under which name in {registry} to publish", "set --namespace")
        )
    return registry, namespace


def with_destination(settings: Settings, registry: str | None, namespace: str | None) -> Settings:
    """The settings, with the registry and the namespace that were given on the command line or as inputs."""
    types = {
        name: replace(own, registry=registry or own.registry, namespace=namespace or own.namespace)
        for name, own in settings.types.items()
    }
    return replace(
        settings, registry=registry or settings.registry, namespace=namespace or settings.namespace, types=types
    )
