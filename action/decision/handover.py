"""The plan, as one job hands it to another: readable JSON while it is short, the same packed when it is long.

A job output has its limit, and so has the environment variable that the report gets the plan in (128 KiB:
execve(2), MAX_ARG_STRLEN). The plan of a thousand images is five times that, and packs to a tenth.
"""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

from action.errors import InputError, Problem

PLAIN_LIMIT = 60_000
PACKED = "zlib:"
_SIZE_LIMIT = 64 * 1024 * 1024


def pack(plan: dict[str, Any]) -> str:
    """``plan`` as one line of ASCII."""
    text = json.dumps(plan, separators=(",", ":"))
    if len(text) <= PLAIN_LIMIT:
        return text
    return PACKED + base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def unpack(text: str) -> dict[str, Any]:
    """The plan that ``pack`` wrote; raises InputError for anything else."""
    try:
        if text.startswith(PACKED):
            unzip = zlib.decompressobj()
            text = unzip.decompress(base64.b64decode(text.removeprefix(PACKED), validate=True), _SIZE_LIMIT).decode()
        plan = json.loads(text)
    except (ValueError, zlib.error) as error:
        raise _not_a_plan() from error
    if not isinstance(plan, dict):
        raise _not_a_plan()
    return plan


def _not_a_plan() -> InputError:
    return InputError(Problem("bad-plan", "--plan is no plan", "give the output `plan` of the phase plan"))
