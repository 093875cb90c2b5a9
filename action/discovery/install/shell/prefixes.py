"""What stands before a program and runs it: ``sudo``, ``env``, ``time``, ``timeout 5``, ``exec`` (pure)."""

from __future__ import annotations

import re
from collections.abc import Sequence

_VARIABLE = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL | re.ASCII)
# Each with its options that take a value.
_VALUED: dict[str, frozenset[str]] = {
    "sudo": frozenset({"-u", "--user", "-g", "--group", "-h", "-p", "-C", "-D", "-R", "-T"}),
    "doas": frozenset({"-u", "-C"}),
    "env": frozenset({"-u", "--unset", "-C", "--chdir"}),
    "exec": frozenset({"-a"}),
    "time": frozenset({"-f", "--format", "-o", "--output"}),
    "timeout": frozenset({"-k", "--kill-after", "-s", "--signal"}),
    "nice": frozenset({"-n", "--adjustment"}),
    "ionice": frozenset({"-c", "-n"}),
    "chroot": frozenset(),
    "nohup": frozenset(),
    "setsid": frozenset(),
    "stdbuf": frozenset({"-i", "-o", "-e"}),
    "unbuffer": frozenset(),
    "command": frozenset(),
    "builtin": frozenset(),
    "coproc": frozenset(),
    "then": frozenset(),
    "else": frozenset(),
    "do": frozenset(),
    "!": frozenset(),
    "busybox": frozenset(),
}
_OPERANDS = {"timeout": 1, "chroot": 1}
_ASKING = frozenset({"-v", "-V"})


def bare(words: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The command without what runs it, and the variables that are set for it alone."""
    rest = list(words)
    given: dict[str, str] = {}
    while rest and rest[0].rpartition("/")[2] in _VALUED:
        name = rest[0].rpartition("/")[2]
        at = 1
        if name == "command" and rest[1:2] and rest[1] in _ASKING:
            break
        while at < len(rest) and rest[at].startswith("-") and rest[at] != "--":
            at += 2 if rest[at] in _VALUED[name] else 1
        at += rest[at : at + 1] == ["--"]
        while name in ("env", "sudo") and at < len(rest) and (match := _VARIABLE.fullmatch(rest[at])):
            given[match[1]] = match[2]
            at += 1
        rest = rest[at + _OPERANDS.get(name, 0) :]
    return rest, given
