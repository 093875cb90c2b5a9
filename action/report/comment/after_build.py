"""How a request ended, as Markdown: a table, the names to copy, what is inside, and every failure with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from action.errors import Problem
from action.model.wording import short_digest, size
from action.report.comment.markdown import Block, code, compose, counted, details, fenced, table
from action.report.comment.outcome import Image, Platform
from action.report.comment.problems import also_wrong, problem_list
from generator.names import version_fault

_STATES = {
    "building": "🔨 building",
    "built": "📦 built, not published",
    "published": "✅ published",
    "unchanged": "✅ as it was",
    "failed": "❌ failed",
    "cancelled": "🚫 no result",
}
_PLACES_SHOWN = 3


def result(images: Sequence[Image], problems: Sequence[Problem], run_url: str) -> str:
    """The last text of a status comment."""
    return compose(result_blocks(images, problems, run_url))


def defect_text(run_url: str) -> str:
    """The last text when no result can be told; ``run_url`` is where the reason is."""
    return compose([f"### ❌ The result cannot be told\n\nThis is a defect of cluster-image. Its {_log_of(run_url)}."])


def _log_of(run_url: str) -> str:
    return f"[workflow run]({run_url}) has the reason" if run_url else "log has the reason"


def result_blocks(images: Sequence[Image], problems: Sequence[Problem], run_url: str) -> list[Block | str]:
    """The blocks of a result, the most important first."""
    published = [image for image in images if image.published]
    if len(published) == len(images):
        head = "### 🚀 Published"
    elif published:
        head = f"### ⚠️ {len(published)} of {len(images)} images published"
    else:
        head = "### 👎 Nothing was published"
    blocks: list[Block | str] = [f"{head}\n\n[The workflow run]({run_url}) has the logs." if run_url else head]
    blocks.append(Block(status_table(images), f"{len(images)} images, too many for a table here."))
    if published:
        blocks.append(Block(fenced("\n".join(line for image in published for line in _names(image)))))
    for image in images:
        blocks += [Block(text, f"**{image.app} {image.version}** failed.") for text in _failures(image)]
    blocks += also_wrong(problems)
    for image in images:
        blocks += [*_changes(image), *_contents(image)]
    return blocks


def status_table(images: Sequence[Image]) -> str:
    """A row per architecture of each image, and one per index."""
    rows: list[tuple[str, ...]] = []
    for image in images:
        if image.digest:
            state = _STATES["unchanged" if image.unchanged else "published"]
            rows.append((code(f"{image.app}:{image.version}"), "all", state, code(short_digest(image.digest)), ""))
        for platform in image.platforms:
            digest = code(short_digest(platform.digest)) if platform.digest else ""
            bytes_ = size(platform.size) if platform.digest else ""
            name = code(f"{image.app}:{image.version}")
            as_it_was = platform.state == "published" and (image.unchanged or platform.taken_over)
            state = _STATES["unchanged" if as_it_was else platform.state]
            rows.append((name, platform.arch, state, digest, bytes_))
    return table(("image", "architecture", "state", "digest", "size"), rows)


def _names(image: Image) -> list[str]:
    """The name to copy, and the one that will mean this very content for ever."""
    return [image.reference, f"{image.reference.rpartition(':')[0]}@{image.digest}"]


def _failures(image: Image) -> Iterable[str]:
    for platform in image.platforms:
        if platform.problems and platform.state in ("failed", "cancelled"):
            yield f"**{image.app} {image.version}, {platform.arch}** failed:\n\n{problem_list(platform.problems)}"
    if image.problems and not image.published:
        yield f"**{image.app} {image.version}** was not published:\n\n{problem_list(image.problems)}"


def _changes(image: Image) -> list[Block | str]:
    blocks: list[Block | str] = []
    if image.unchanged:
        spared = "built or sent" if all(platform.taken_over for platform in image.platforms) else "sent"
        said = f"**{image.app} {image.version}** was published with the same content before"
        blocks.append(f"{said}; nothing was {spared}.")
    if image.replaced:
        said = f"**{image.app} {image.version}** replaced {code(short_digest(image.replaced))}"
        blocks.append(f"{said}: {code(image.force)}" if image.force else f"{said}.")
    if image.changes:
        rows = [
            (
                change.arch,
                code(change.reference),
                code(short_digest(change.before)) if change.before else "new",
                code(short_digest(change.after)) if change.after else "gone",
            )
            for change in image.changes
        ]
        since = image.compared_with or ""
        named = since if version_fault(since) is None else "the version before"  # a registry named it, not the tree
        summary = f"{counted(len(rows), 'change')} inside {image.app} {image.version} since {named}"
        listing = table(("architecture", "container image", "before", "after"), rows)
        blocks.append(Block(details(summary, listing), f"{summary}."))
    return blocks


def _contents(image: Image) -> list[Block | str]:
    blocks: list[Block | str] = []
    for platform in image.platforms:
        if platform.images:
            rows = [
                (code(inside.reference), code(short_digest(inside.digest)), size(inside.size), _found(inside.found))
                for inside in platform.images
            ]
            summary = f"{counted(len(rows), 'container image')} inside {image.app} {image.version} ({platform.arch})"
            listing = table(("container image", "digest", "size", "found in"), rows)
            blocks.append(Block(details(summary, listing), f"{summary}."))
        blocks += _remarks(image, platform)
    return blocks


def _found(places: Sequence[str]) -> str:
    shown = ", ".join(code(place) for place in places[:_PLACES_SHOWN])
    more = len(places) - _PLACES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _remarks(image: Image, platform: Platform) -> list[Block | str]:
    """Warnings of a build that worked, and what no scan can see."""
    lines = [str(problem) for problem in platform.problems if platform.digest]
    lines += [f"not seen: {spot}" for spot in platform.blind_spots if platform.digest]
    if not lines:
        return []
    summary = f"Remarks on {image.app} {image.version} ({platform.arch})"
    return [Block(details(summary, fenced("\n".join(lines))))]
