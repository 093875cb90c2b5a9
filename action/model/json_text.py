"""JSON that others wrote, read so that nothing but ValueError can come of it (RFC 8259)."""

from __future__ import annotations

import json
from typing import NoReturn


def read_json(body: bytes) -> object:
    """The value; raises ValueError for all that is not JSON in UTF-8, and for what is nested too deep to be read.

    Go's readers take nothing but UTF-8 and know no NaN, so what a container runtime could not read is refused here.
    """
    try:
        return json.loads(body.decode(), parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a value of JSON")
