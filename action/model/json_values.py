"""JSON of others, read without trusting its shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from action.model.json_text import read_json


def read_json_text(body: bytes) -> Mapping[str, Any]:
    try:
        return mapping(read_json(body))
    except ValueError:
        return {}


def mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def sequence(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
