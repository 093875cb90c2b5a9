"""Coverage-guided fuzzing of the command parser: no crash, no hang, no request that is not literally in the text.

    pip install atheris
    python -m tests.fuzz.parse -max_total_time=300 -timeout=5

Arguments are libFuzzer's; a text that breaks a rule is left as crash-<hash> in the working directory.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["action", "generator"]):
    from action.request.parse import MAX_TEXT, parse

SEEDS = [
    b"/imagebuild_apps helm v3.8.2\r\n",
    b'/imagebuild_dockerimages helm v1,v2 Key1=Value1,Key2="a, \\"b\\"=c" --arch=arm64 --dry-run --force="why"\n',
    b"> - 1. ```\n/imagebuild_configs a b\n~~~\n<details>\n\n<!-- [a]: b 'c' -->\n[^1]: x\n| a |\n|---|\n",
]


def check(data: bytes) -> None:
    """One text: bytes that are no UTF-8 become lone surrogates, which a JSON event can hold as well."""
    body = data.decode("utf-8", "surrogateescape")[:MAX_TEXT]
    lines = body.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    parsed = parse("", body)
    for request in parsed.requests:
        words = [word for word in lines[request.line - 1].replace("\t", " ").split(" ") if word]
        assert words[:2] == [f"/imagebuild_{request.type}", request.app], request
        assert request.version in words[2].split(","), request
    for problem in (*parsed.errors, *parsed.notes):
        str(problem).encode("utf-8")


def main() -> None:
    """Hand over to libFuzzer."""
    for seed in SEEDS:
        check(seed)
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
