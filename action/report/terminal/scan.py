"""A scan as JSON and as a table (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from action.errors import Problem
from action.model.findings import INSIDE, Finding, Scan, Source


def to_json(scan: Scan) -> dict[str, Any]:
    """The document that ``scan --format json`` prints (DESIGN §5)."""
    return {
        "images": [_image(finding) for finding in scan.images],
        "problems": [_problem(problem) for problem in scan.problems],
        "blind_spots": list(scan.blind_spots),
    }


def _image(finding: Finding) -> dict[str, Any]:
    reference = finding.reference
    image: dict[str, Any] = {
        "reference": str(reference),
        "written": reference.written,
        "verdict": finding.verdict,
        "path": reference.path,
        "tag": reference.tag,
        "digest": reference.digest,
        "sources": [_source(source) for source in finding.sources],
    }
    if finding.reason:
        image["reason"] = finding.reason
    if finding.archive is not None:
        image["archive"] = finding.archive.kind
    return image


def _source(source: Source) -> dict[str, Any]:
    fields = {
        "file": source.file,
        "document": source.document,
        "object": source.object,
        "field": source.field,
        "rule": source.rule,
        "render": source.render,
        "line": source.line,
    }
    return {key: value for key, value in fields.items() if value}


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "severity": problem.severity,
        "code": problem.code,
        "file": problem.file,
        "line": problem.line,
        "message": problem.message,
        "hint": problem.hint,
    }


def to_table(scan: Scan) -> str:
    """What a person reads: images under the file that brings them, then the uncertain ones, then what is wrong."""
    lines = [*_by_file(scan.wanted)]
    uncertain = [finding for finding in scan.images if finding.verdict == "uncertain"]
    if uncertain:
        lines += ["", "uncertain: not downloaded unless images/shim lists them"]
        lines += [f"  {finding.reference}  ({_place(finding.sources[0])}: {finding.reason})" for finding in uncertain]
    if scan.blind_spots:
        lines += ["", "cannot be seen:", *(f"  {spot}" for spot in scan.blind_spots)]
    lines += _to_paste(uncertain)
    if scan.problems:
        lines += ["", *(str(problem) for problem in scan.problems)]
    wanted = len(scan.wanted)
    count = f"{wanted} {'image' if wanted == 1 else 'images'} to place, {len(uncertain)} uncertain"
    lines += ["", f"{count}, {len(scan.ignored)} ignored by .sealignore" if scan.ignored else count]
    return "\n".join(lines).lstrip("\n")


def _to_paste(uncertain: Iterable[Finding]) -> Iterator[str]:
    """What operators name inside themselves, as lines of images/shim."""
    inside: dict[str, list[Finding]] = {}
    for finding in uncertain:
        if finding.sources[0].rule == INSIDE:
            inside.setdefault(finding.sources[0].object, []).append(finding)
    if inside:
        yield from ("", "to carry what operators name inside themselves, paste what will run into images/shim:")
    for operator, findings in sorted(inside.items()):
        yield f"# named inside {operator}"
        yield from (str(finding.reference) for finding in findings)


def _by_file(findings: Iterable[Finding]) -> Iterator[str]:
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.sources[0].file, []).append(finding)
    for file in sorted(groups):
        yield file
        width = max(len(str(finding.reference)) for finding in groups[file])
        for finding in groups[file]:
            more = f" and {len(finding.sources) - 1} more" if len(finding.sources) > 1 else ""
            source = finding.sources[0]
            where = " ".join(part for part in (source.object, source.field) if part) or f"line {source.line}"
            yield f"  {finding.reference!s:{width}}  {finding.verdict:7}  {where}{more}"


def _place(source: Source) -> str:
    return f"{source.file}:{source.line}" if source.line else source.file


def why(scan: Scan, finding: Finding) -> str:
    """Every place that names one image."""
    verdict = "ignored by .sealignore" if finding in scan.ignored else finding.verdict
    lines = [f"{finding.reference} is {verdict}" + (f": {finding.reason}" if finding.reason else "")]
    for source in finding.sources:
        parts = [_place(source)]
        if source.document:
            parts.append(f"document {source.document}")
        parts += [part for part in (source.object, source.field) if part]
        parts.append(f"rule {source.rule}")
        if source.render:
            parts.append(f"rendered with {source.render}")
        lines.append("  " + ", ".join(parts))
    return "\n".join(lines)


def strict_problems(scan: Scan) -> list[Problem]:
    """What ``--strict`` refuses: every uncertain image that nobody accepted."""
    return [
        Problem(
            "uncertain-image",
            f"{finding.reference} is uncertain: {finding.reason}",
            "list it in images/shim to have it placed, or in .sealignore to leave it out",
            finding.sources[0].file,
            finding.sources[0].line or None,
        )
        for finding in scan.images
        if finding.verdict == "uncertain"
    ]
