"""The case folders of ``tests/cases/scan``: an input, and beside it what a scan of it must say.

``expected.json`` holds:

- ``covers``: the numbers of the catalogue of hard cases that the folder answers (``why`` says what it is about);
- ``images``: verdict to references, exactly these;
- ``sources``: reference to places, of which each must be among those found, with the fields that are given;
- ``problems``: exactly these, in order, each with the fields that are given (``message``: a part of it);
- ``blind_spots``: exactly as many, in order, each a part of the sentence found.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CASES = Path(__file__).resolve().parents[2] / "cases" / "scan"


@dataclass(frozen=True)
class Case:
    """One folder of input. ``context`` is what is scanned."""

    name: str
    context: Path
    expected: dict[str, Any]


def all_cases() -> list[Case]:
    return [
        Case(folder.name, folder / "context", json.loads((folder / "expected.json").read_text(encoding="utf-8")))
        for folder in sorted(CASES.iterdir())
        if folder.is_dir()
    ]


def differences(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Where a scan is not what the case says, one sentence each."""
    said = {verdict: sorted(references) for verdict, references in expected.get("images", {}).items()}
    seen: dict[str, list[str]] = {}
    for image in found["images"]:
        seen.setdefault(image["verdict"], []).append(image["reference"])
    texts = []
    for verdict in ("certain", "likely", "uncertain"):
        wanted, got = said.get(verdict, []), sorted(seen.get(verdict, []))
        if wanted != got:
            texts.append(f"{verdict}: expected {wanted}, found {got}")
    sources = {image["reference"]: image["sources"] for image in found["images"]}
    for reference, places in expected.get("sources", {}).items():
        for place in places:
            if not any(place.items() <= source.items() for source in sources.get(reference, [])):
                texts.append(f"{reference}: {place} is not among {sources.get(reference)}")
    texts += _compare("problems", expected.get("problems", []), found["problems"])
    spots = [{"message": text} for text in expected.get("blind_spots", [])]
    return texts + _compare("blind spots", spots, [{"message": text} for text in found["blind_spots"]])


def _compare(what: str, wanted: list[dict[str, Any]], got: list[dict[str, Any]]) -> list[str]:
    if len(wanted) == len(got) and all(_fits(*pair) for pair in zip(wanted, got, strict=True)):
        return []
    return [f"{what}: expected {wanted}, found {got}"]


def _fits(wanted: dict[str, Any], got: dict[str, Any]) -> bool:
    return all(value in got[key] if key == "message" else got[key] == value for key, value in wanted.items())
