"""The plan between two jobs."""

from __future__ import annotations

import base64
import zlib

import pytest

from action.decision.handover import PACKED, PLAIN_LIMIT, pack, unpack
from action.errors import InputError


def plan_of(count: int) -> dict[str, object]:
    return {
        "targets": [{"type": "apps", "app": f"app{n}", "version": "v1.2.3", "arches": ["amd64"]} for n in range(count)]
    }


def test_a_short_plan_is_json_that_people_can_read() -> None:
    assert pack({"targets": []}) == '{"targets":[]}'
    assert unpack('{"targets":[]}') == {"targets": []}


@pytest.mark.parametrize("count", [0, 1, 800, 3000])
def test_a_plan_survives(count: int) -> None:
    plan = plan_of(count)
    text = pack(plan)
    assert unpack(text) == plan
    assert text.isascii()
    assert "\n" not in text
    assert len(text) <= PLAIN_LIMIT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        "zlib:",
        "zlib:!!",
        PACKED + base64.b64encode(b"no zlib").decode(),
        PACKED + base64.b64encode(zlib.compress(b"[1]")).decode(),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is no plan"):
        unpack(text)
