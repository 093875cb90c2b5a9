"""What the last stage of a Dockerfile starts from: all that the generator has to know of one.

Grammar: docs.docker.com/reference/dockerfile (parser directives, line continuation, here-documents, FROM).
"""

from __future__ import annotations

import re

_ESCAPE = re.compile(r"#\s*escape\s*=\s*(\S)\s*$", re.IGNORECASE)
_DIRECTIVE = re.compile(r"#\s*[A-Za-z]+\s*=")
_HEREDOC = re.compile(r"<<(-?)([\"']?)([A-Za-z0-9_]+)\2")
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::[-+][^}]*)?\}|(\w+))")


def ends_in_scratch(text: str) -> bool:
    """Whether the image that a build of ``text`` yields has nothing below its own files: FROM scratch."""
    stages: dict[str, str] = {}
    arguments: dict[str, str] = {}
    base = ""
    for word, rest in _instructions(text):
        if word == "ARG" and not base:
            name, _, default = rest.partition("=")
            arguments[name.strip()] = default.strip().strip("\"'")
        elif word == "FROM":
            words = [part for part in rest.split() if not part.startswith("--")]
            image = _VARIABLE.sub(lambda match: arguments.get(match[1] or match[2], ""), words[0]) if words else "?"
            base = stages.get(image.lower(), image)
            if len(words) == 3 and words[1].upper() == "AS":
                stages[words[2].lower()] = base
    return base == "scratch"


def _instructions(text: str) -> list[tuple[str, str]]:
    """Each instruction's keyword, in capitals, and the rest of its logical line."""
    lines = iter(text.splitlines())
    escape = "\\"
    directives = True
    found = []
    for line in lines:
        if directives:
            if match := _ESCAPE.match(line):
                escape = match[1]
            directives = bool(_DIRECTIVE.match(line))
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        logical = line.strip()
        while logical.endswith(escape):
            following = next(lines, None)
            if following is None:
                break
            if not following.lstrip().startswith("#"):
                logical = f"{logical[:-1]} {following.strip()}"
        word, _, rest = logical.partition(" ")
        found.append((word.upper(), rest.strip()))
        if word.upper() in {"RUN", "COPY", "ADD"}:
            for dash, _, delimiter in _HEREDOC.findall(rest):
                for body in lines:
                    if (body.lstrip("\t") if dash else body) == delimiter:
                        break
    return found
