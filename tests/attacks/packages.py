"""The packages of the action, as docs/security.md lists them: licence, purpose, and which verbs need them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

from action.bootstrap import PHASES, needed, read_lock

Licence = Literal["Apache-2.0", "BSD-3-Clause", "MIT", "PSF-2.0"]
"""All that a package here may have: none asks anything of who runs or changes this project, but to be named."""

WORDS: dict[Licence, str] = {
    "Apache-2.0": "Apache License Version 2.0, January 2004",
    "BSD-3-Clause": "Redistribution and use in source and binary forms, with or without modification, are permitted",
    "MIT": "Permission is hereby granted, free of charge, to any person obtaining a copy of this software",
    "PSF-2.0": "PYTHON SOFTWARE FOUNDATION LICENSE VERSION 2",
}
"""What the text of each licence says in these words, white space aside."""


class Package(NamedTuple):
    """One package of requirements/helm.txt, which holds all of requirements/action.txt."""

    name: str
    licence: Licence
    role: str


PACKAGES = [
    Package("attrs", "MIT", "classes of jsonschema"),
    Package("helm-python-sdk", "Apache-2.0", "Helm in a process of its own, where there is no program `helm`"),
    Package("jinja2", "BSD-3-Clause", "templates of the workflows"),
    Package("jsonschema", "MIT", "checks imagebuild.yaml and image.yaml"),
    Package("jsonschema-specifications", "MIT", "schemas of jsonschema"),
    Package("markdown-it-py", "MIT", "finds what of a stranger's text GitHub shows"),
    Package("markupsafe", "BSD-3-Clause", "text of jinja2"),
    Package("mdit-py-plugins", "MIT", "what GitHub adds to Markdown"),
    Package("mdurl", "MIT", "addresses of markdown-it-py"),
    Package("pyyaml", "MIT", "reads YAML"),
    Package("referencing", "MIT", "references of jsonschema"),
    Package("rpds-py", "MIT", "collections of jsonschema"),
    Package("ruamel-yaml", "MIT", "reads and changes YAML that has comments"),
    Package("tree-sitter", "MIT", "runs the parser of the next row"),
    Package("tree-sitter-bash", "MIT", "parses the shell of an install plan, which is never run"),
    Package("typing-extensions", "PSF-2.0", "types of referencing, before Python 3.13"),
    Package("urllib3", "MIT", "HTTP"),
    Package("zstandard", "BSD-3-Clause", "layers that are compressed with zstd"),
]


def rendered(repository: Path) -> str:
    """The table; which verbs need a package is what the bootstrap installs for them."""
    packages = read_lock(repository / "requirements/helm.txt")
    verbs = {verb: {each.name for each in needed(packages, names)} for verb, names in PHASES.items()}
    rows = []
    for package in PACKAGES:
        beside = [f"`{verb}`" for verb, names in verbs.items() if package.name in names]
        rows.append(f"| {package.name} | {package.licence} | {package.role} | {', '.join(beside) or '-'} |")
    return "\n".join(["| package | licence | what for | beside a credential |", "|---|---|---|---|", *rows, ""])
