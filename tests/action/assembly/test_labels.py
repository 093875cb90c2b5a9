"""What an image says about itself."""

from __future__ import annotations

from action.assembly.labels import standard_labels
from generator.settings.settings import AppMetadata


def test_what_is_known_is_said_and_nothing_else() -> None:
    assert standard_labels("apps", "web", "v1", AppMetadata(), {}) == {
        "io.cluster-image.type": "apps",
        "org.opencontainers.image.title": "web",
        "org.opencontainers.image.version": "v1",
    }


def test_all_that_metadata_and_the_workflow_know() -> None:
    metadata = AppMetadata(description="A web.", home="https://web.example", licenses="Apache-2.0 OR MIT")
    environment = {
        "GITHUB_SERVER_URL": "https://github.example",
        "GITHUB_REPOSITORY": "acme/images",
        "GITHUB_SHA": "a" * 40,
    }
    prefix = "org.opencontainers.image."
    assert standard_labels("configs", "web", "v1", metadata, environment) == {
        "io.cluster-image.type": "configs",
        f"{prefix}title": "web",
        f"{prefix}version": "v1",
        f"{prefix}description": "A web.",
        f"{prefix}url": "https://web.example",
        f"{prefix}licenses": "Apache-2.0 OR MIT",
        f"{prefix}source": "https://github.example/acme/images",
        f"{prefix}revision": "a" * 40,
    }
