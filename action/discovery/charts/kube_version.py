"""Which Kubernetes version to render a chart for: the current one, or the newest that the chart accepts (pure).

The constraints are those of github.com/Masterminds/semver, as ``kubeVersion`` in Chart.yaml uses them.
"""

from __future__ import annotations

import re

from action.discovery.helm.engine import KUBE_VERSION

_COMPARISON = re.compile(
    r"(!=|>=|=>|<=|=<|==|[=<>~^]|~>)?\s*v?(\d+|[xX*])(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*]))?(-[\w.-]+)?"
)
_HYPHEN = re.compile(r"v?([\d.]+)\s+-\s+v?([\d.]+)")
_OLDEST_MINOR = 16

Version = tuple[int, int, int]


def kube_version_for(constraint: str) -> str | None:
    """The newest version up to ours that satisfies the constraint, None when none does; ours when there is none."""
    ours = _parse(KUBE_VERSION)
    candidates = [
        ours,
        *((1, minor, patch) for minor in range(ours[1] - 1, _OLDEST_MINOR - 1, -1) for patch in (15, 0)),
    ]
    for version in candidates:
        if satisfies(version, constraint):
            return ".".join(map(str, version))
    return None


def satisfies(version: Version, constraint: str) -> bool:
    """Whether a version lies in the constraint; one that cannot be read is taken as no constraint."""
    return any(_all(version, part) for part in constraint.split("||")) if constraint.strip() else True


def _all(version: Version, part: str) -> bool:
    part = _HYPHEN.sub(r">=\1 <=\2", part)
    return all(_holds(version, match) for match in _COMPARISON.finditer(part))


def _holds(version: Version, match: re.Match[str]) -> bool:
    operator = match[1] or "="
    numbers = [int(text) for text in (match[2], match[3], match[4]) if text is not None and text.isdigit()]
    if not numbers:
        return operator != "!="
    low: Version = (numbers[0], numbers[1] if len(numbers) > 1 else 0, numbers[2] if len(numbers) > 2 else 0)
    same = version[: len(numbers)] == tuple(numbers)
    if operator in ("=", "=="):
        return same
    if operator == "!=":
        return not same
    if operator in (">=", "=>"):
        return version >= low
    if operator in ("<=", "=<"):
        return version <= low or same
    if operator == ">":
        return version > low and not same
    if operator == "<":
        return version < low
    if operator in ("~", "~>"):
        return version >= low and version[: min(2, len(numbers))] == tuple(numbers[:2])
    return version >= low and version[0] == low[0]


def _parse(text: str) -> Version:
    major, minor, patch = (int(part) for part in text.split("."))
    return major, minor, patch
