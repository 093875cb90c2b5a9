"""What people are told, as Markdown: one comment per request, edited from stage to stage."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from action.command import Request
from action.errors import Problem
from action.grammar import HELP, usage
from action.report.markdown import Block, code, compose, details, fenced, table
from action.report.outcome import Image, Platform
from action.report.table import short_digest, size
from generator.names import IMAGE_TYPES

_STATES = {
    "waiting": "⏳ waiting",
    "building": "🔨 building",
    "built": "📦 built, not published",
    "published": "✅ published",
    "failed": "❌ failed",
    "cancelled": "🚫 cancelled",
}


def waiting(requests: Sequence[Request], problems: Sequence[Problem], label: str) -> str:
    """The request is right, and a maintainer has to let it pass."""
    what = table(("image", "type"), [(code(f"{r.app}:{r.version}"), code(r.type)) for r in requests])
    head = f"### ⏳ Validated, waiting for a maintainer\n\nIt is built when a maintainer sets the label {code(label)}."
    return compose([head, what, *_wrong(problems)])


def building(images: Sequence[Image], problems: Sequence[Problem], run_url: str) -> str:
    """The build has started."""
    return compose(
        [f"### 🔨 Building\n\nFollow it in [the workflow run]({run_url}).", status_table(images), *_wrong(problems)]
    )


def dry_run(images: Sequence[Image], problems: Sequence[Problem]) -> str:
    """What would be built."""
    head = "### 🧪 Dry run\n\nNothing is built. Without `--dry-run` this would be:"
    rows = [(code(i.reference), code(i.type), ", ".join(p.arch for p in i.platforms), code(i.context)) for i in images]
    return compose([head, table(("image", "type", "architectures", "built from"), rows), *_wrong(problems)])


def refused(problems: Sequence[Problem]) -> str:
    """Nothing is built, and why."""
    return compose(["### 👎 Not built", *_wrong(problems, intro=""), f"{code(HELP)} shows how a command is written."])


def joined(run_url: str) -> str:
    """The same request is being built already."""
    return compose(
        [f"### 🔁 Already being built\n\n[This workflow run]({run_url}) has the same request; its answer is for both."]
    )


def help_text(catalogue: Iterable[tuple[str, str, Sequence[str]]], label: str, *, title_guard: bool) -> str:
    """The usage, and what there is: rows of application, types, versions."""
    lines = "\n".join(usage(image_type) for image_type in IMAGE_TYPES)
    rules = [
        "A command is plain text at the start of its own line; one comment may have several.",
        f"The issue needs the label {code(label)}, which a maintainer sets.",
    ]
    if title_guard:
        rules.append("The title of the issue names the application: `【Auto-build】<app>` or `[Auto-build] <app>`.")
    quoting = 'A value with a comma, an equals sign or a blank goes in double quotes: `Key1=Value1,Key2="a, b=c"`.'
    rows = [(code(app), types, ", ".join(code(v) for v in versions[-8:]) or "-") for app, types, versions in catalogue]
    listing = details(f"{len(rows)} applications", table(("application", "types", "versions (latest: any)"), rows))
    return compose(
        [
            "### How to ask for a build",
            fenced(lines),
            "\n".join(f"- {rule}" for rule in [*rules, quoting]),
            Block(listing, f"There are {len(rows)} applications, too many to list here; see `applications/`."),
        ]
    )


def result(images: Sequence[Image], problems: Sequence[Problem], run_url: str) -> str:
    """How it ended: the table, the names to copy, what is inside, and every failure with its reason."""
    return compose(result_blocks(images, problems, run_url))


def result_blocks(images: Sequence[Image], problems: Sequence[Problem], run_url: str) -> list[Block | str]:
    """The blocks of a result, the most important first."""
    published = [image for image in images if image.published]
    if len(published) == len(images):
        head = "### 🚀 Published"
    elif published:
        head = f"### ⚠️ {len(published)} of {len(images)} images published"
    else:
        head = "### 👎 Nothing was published"
    blocks: list[Block | str] = [
        f"{head}\n\n[The workflow run]({run_url})." if run_url else head,
        status_table(images),
    ]
    if published:
        blocks.append(fenced("\n".join(image.reference for image in published)))
    for image in images:
        blocks += [Block(text) for text in _failures(image)]
    blocks += _wrong(problems)
    for image in images:
        blocks += _contents(image)
    return blocks


def status_table(images: Sequence[Image]) -> str:
    """A row per architecture of each image, and one per index."""
    rows: list[tuple[str, ...]] = []
    for image in images:
        if image.digest:
            name = code(image.reference)
            rows.append((name, "all", _STATES["published"], code(short_digest(image.digest)), ""))
        for platform in image.platforms:
            digest = code(short_digest(platform.digest)) if platform.digest else ""
            bytes_ = size(platform.size) if platform.digest else ""
            rows.append((code(f"{image.app}:{image.version}"), platform.arch, _STATES[platform.state], digest, bytes_))
    return table(("image", "architecture", "state", "digest", "size"), rows)


def _failures(image: Image) -> Iterable[str]:
    for platform in image.platforms:
        if platform.problems and platform.state in ("failed", "cancelled"):
            yield f"**{image.app} {image.version}, {platform.arch}** failed:\n\n{_list(platform.problems)}"
    if image.problems:
        yield f"**{image.app} {image.version}** was not published:\n\n{_list(image.problems)}"


def _contents(image: Image) -> list[Block | str]:
    blocks: list[Block | str] = []
    for platform in image.platforms:
        if platform.images:
            rows = [
                (code(inside.reference), code(short_digest(inside.digest)), size(inside.size), _found(inside.found))
                for inside in platform.images
            ]
            summary = f"{len(rows)} container images inside {image.app} {image.version} ({platform.arch})"
            blocks.append(
                Block(details(summary, table(("container image", "digest", "size", "found in"), rows)), f"{summary}.")
            )
        blocks += _remarks(image, platform)
    return blocks


def _found(places: Sequence[str]) -> str:
    shown = ", ".join(code(place) for place in places[:3])
    return f"{shown} and {len(places) - 3} more" if len(places) > 3 else shown


def _remarks(image: Image, platform: Platform) -> list[Block | str]:
    """Warnings of a build that worked, and what no scan can see."""
    warnings = [str(problem) for problem in platform.problems if platform.digest]
    if not warnings and not platform.blind_spots:
        return []
    text = "\n".join([*warnings, *(f"not seen: {spot}" for spot in platform.blind_spots)])
    return [Block(details(f"Remarks on {image.app} {image.version} ({platform.arch})", fenced(text)))]


def _wrong(problems: Sequence[Problem], intro: str = "Not built:") -> list[Block | str]:
    if not problems:
        return []
    return [f"{intro}\n\n{_list(problems)}" if intro else _list(problems)]


def _list(problems: Sequence[Problem]) -> str:
    """Problems as text; they quote what people and registries wrote, so they stand in a code block."""
    return fenced("\n".join(_plain(problem) for problem in problems))


def _plain(problem: Problem) -> str:
    if problem.file is None and problem.line is not None:
        place = f"line {problem.line}" + (f", column {problem.column}" if problem.column else "")
        text = f"{place}: {problem.message}"
    else:
        text = str(problem._replace(hint="")).removeprefix("error: ")
    return f"{text}\n  -> {problem.hint}" if problem.hint else text
