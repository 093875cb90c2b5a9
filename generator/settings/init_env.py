"""Which variables init.sh never gets, whatever a repository's settings say, and which it asks for in vain (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from generator.errors import Problem

_OURS = re.compile(r"(?:ACTIONS|GITHUB|IMAGEBUILD|INPUT|RUNNER)_")
_CREDENTIAL = re.compile(
    r"TOKEN|PASSW|PASSPHRASE|SECRET|CREDENTIAL|(?:^|_)(?:AUTH|PAT|PWD|COOKIE)(?:_|$)|(?:ACCESS|API|PRIVATE|SIGNING)_?KEY"
)


def fault(name: str) -> str | None:
    """Why no init.sh may see the variable; None when it may."""
    if _OURS.match(name.upper()):
        return "belongs to the runner or to the build, and may hold what publishes images"
    if _CREDENTIAL.search(name.upper()):
        return "is named as a credential is: whoever writes an init.sh could print it"
    return None


def refused_variables(names: Iterable[str], file: str) -> list[Problem]:
    """A problem for each name of an ``init_env`` that no setting can allow."""
    hint = "fetch what needs a login in a step of your own, and keep the result in the build directory"
    return [
        Problem("forbidden-variable", f"init_env has {name}, which {why}", hint, file)
        for name in names
        if (why := fault(name)) is not None
    ]


def unlisted_variables(asked: Iterable[str], allowed: Iterable[str], file: str) -> list[Problem]:
    """A problem for each name that an application asks for and the settings do not allow."""
    known = frozenset(allowed)
    return [
        Problem(
            "variable-not-allowed",
            f"init_env asks for {name}, which imagebuild.yaml does not allow",
            f"if every init.sh of the repository may see it, add it there: init_env: [{name}]",
            file,
        )
        for name in asked
        if name not in known
    ]
