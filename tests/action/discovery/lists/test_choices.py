"""``accept`` and ``refuse`` of image.yaml."""

from __future__ import annotations

from action.discovery.lists.choices import chosen
from action.model.findings import Finding, Scan, Source, Verdict
from action.model.reference import ImageReference
from generator.settings.settings import Choice


def finding(name: str, verdict: Verdict) -> Finding:
    source = Source(file="a.yaml", rule="pod-spec")
    return Finding(reference=ImageReference.parse(name), verdict=verdict, sources=(source,), reason="a guess")


SCAN = Scan(images=(finding("nginx:1", "certain"), finding("quay.io/a/b:1", "uncertain")))


def test_an_accepted_image_is_carried_with_the_reason() -> None:
    scan = chosen(SCAN, [Choice("quay.io/a/*", "the operator starts it")], [])
    assert [(str(image.reference), image.reason) for image in scan.wanted] == [
        ("docker.io/library/nginx:1", "a guess"),
        ("quay.io/a/b:1", "accepted in image.yaml: the operator starts it"),
    ]
    assert not scan.problems


def test_a_refused_image_is_not_carried_even_when_it_is_certain_or_accepted() -> None:
    scan = chosen(SCAN, [], [Choice("nginx", "the cluster has it")])
    assert [str(image.reference) for image in scan.images] == ["quay.io/a/b:1"]
    assert [str(image.reference) for image in scan.ignored] == ["docker.io/library/nginx:1"]
    both = [Choice("quay.io/a/b:1", "x")]
    assert not chosen(SCAN, both, both).images[1:]


def test_a_choice_that_changes_nothing_is_reported() -> None:
    scan = chosen(SCAN, [Choice("nginx:1", "x"), Choice("quay.io/c", "x")], [Choice("ghcr.io/*", "x")])
    assert [(problem.code, problem.severity) for problem in scan.problems] == [("stale-choice", "warning")] * 3
    assert "carried anyway" in scan.problems[1].message
    assert scan.images == SCAN.images
