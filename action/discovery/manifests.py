"""``manifests/``, at any depth, and every other manifest or kustomization that the install plan applies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from action.discovery.evidence.hits import Found, Hit
from action.discovery.evidence.literals import literal, literal_images
from action.discovery.evidence.run_time import PLACEHOLDER, known_hits
from action.discovery.install.plan import InstallPlan, Step
from action.discovery.install.shell.commands import STDIN, KubectlCommand
from action.discovery.install.words.unknowns import filled, has_hard
from action.discovery.kustomize.kustomization import Reader, build, kustomization_in
from action.discovery.objects.extract import extract
from action.discovery.text.context_files import ContextFiles
from action.discovery.text.yaml_reader import documents
from action.errors import InputError, Problem
from action.model.findings import Source

FOLDER = "manifests"
SUFFIXES = (".yaml", ".yml", ".json")


def scan_manifests(files: ContextFiles, plan: InstallPlan) -> Found:
    """The images of every manifest; a document that cannot be read is a problem, and the others still count.

    A file that only a kustomization takes in counts as the kustomization makes it, not as it stands.
    """
    found = Found()
    covered: set[str] = set()
    applied: set[str] = set()

    def read(name: str) -> Found:
        return read_manifest(files, name)

    for step in plan.steps:
        if isinstance(step.command, KubectlCommand):
            for written in step.command.kustomizations:
                folder = _locate(step, written, plan, found)
                if folder is not None:
                    found.add(build(files, folder, read, covered))
            for written in step.command.files:
                found.add(_written(step, written))
                folder = None if _is_written(step, written, plan) else _locate(step, written, plan, found)
                if folder is not None:
                    applied.update(files.below(folder, SUFFIXES))
            found.hits += _named(step, step.command.images)
    found.add(_unplanned_kustomizations(files, read, covered))
    names = {*files.below(FOLDER, SUFFIXES)} - covered | applied
    for name in sorted(names):
        if not _is_kustomization(files, name):
            found.add(read(name))
    return found


def _named(step: Step, images: tuple[str, ...]) -> Iterator[Hit]:
    """The images that a command names in its own words."""
    for image in images:
        known = None if has_hard(image) else literal(image)
        if known is not None:
            yield Hit(known.reference, "certain", Source(file=step.file, rule="install-command", line=step.line))


def _is_written(step: Step, written: str, plan: InstallPlan) -> bool:
    """Whether the plan itself wrote the file, or the directory that holds what it wrote."""
    return "" in step.texts(written) or (bool(step.texts(written)) and plan.locate(step.path(written)) is None)


def _written(step: Step, written: str) -> Found:
    """The images of manifests that the plan writes itself, as far as they are known before it runs.

    They have the place of the command that applies them.
    """
    found = Found()
    for name, text in step.texts(written).items():
        if name and not name.endswith(SUFFIXES):
            continue
        for document in documents(filled(text, PLACEHOLDER), step.file):
            if isinstance(document, Problem):
                reason = "stands in a document that the plan writes and that cannot be read"
                found.hits += [
                    Hit(reference, "uncertain", Source(file=step.file, rule="text", line=step.line), reason)
                    for reference, _ in literal_images(text)
                ]
                continue
            part = extract(document, step.file, lines=False)
            part.hits = [replace(hit, source=replace(hit.source, line=step.line)) for hit in part.hits]
            if step.changed:
                part.hits = [
                    hit.at_most("likely", "the plan changes the file before it applies it") for hit in part.hits
                ]
            part.hits = list(known_hits(part.hits, f"{step.file}:{step.line}", part.blind_spots))
            found.add(part)
    return found


def _unplanned_kustomizations(files: ContextFiles, read: Reader, covered: set[str]) -> Found:
    """What kustomizations below ``manifests/`` that no command applies would make, beside the files as they are."""
    found = Found()
    reason = "as a kustomization makes it, which no command of the install plan applies"
    for name in files.below(FOLDER, SUFFIXES):
        folder = name.rpartition("/")[0]
        if name not in covered and kustomization_in(files, folder) == name:
            found.hits += [hit.at_most("likely", reason) for hit in build(files, folder, read, set()).hits]
    return found


def read_manifest(files: ContextFiles, name: str) -> Found:
    """The images of one file, as likely at most when it comes from a template of ours."""
    found = Found()
    try:
        text = files.text(name)
    except InputError as error:
        found.problems += error.problems
        return found
    found.add(_read_text(text, name))
    if name in files.rendered:
        reason = "stands in a template, rendered with the image's ENV"
        found.hits = [hit.at_most("likely", reason) for hit in found.hits]
    if name in files.others:
        found.hits = _common(found.hits, _read_text(files.others[name], name).hits)
    return found


def _read_text(text: str, name: str) -> Found:
    found = Found()
    for document in documents(text, name):
        if isinstance(document, Problem):
            found.problems.append(document)
            found.hits += _unreadable(text, name, document)
        else:
            found.add(extract(document, name))
    return found


def _common(hits: list[Hit], others: list[Hit]) -> list[Hit]:
    """What both of two renderings name is as sure as it was, the rest uncertain."""
    reason = "stands in a template whose rendering cannot be predicted"
    both = {hit.reference for hit in hits} & {hit.reference for hit in others}
    return [hit if hit.reference in both else hit.at_most("uncertain", reason) for hit in hits]


def _unreadable(text: str, name: str, problem: Problem) -> list[Hit]:
    """What a document that is no YAML seems to name: a template for some other tool, or a broken manifest."""
    reason = f"stands in a document that cannot be read (line {problem.line})"
    return [
        Hit(reference, "uncertain", Source(file=name, rule="text", line=line), reason)
        for reference, line in literal_images(text)
    ]


def _is_kustomization(files: ContextFiles, name: str) -> bool:
    return kustomization_in(files, name.rpartition("/")[0]) == name


def _locate(step: Step, written: str, plan: InstallPlan, found: Found) -> str | None:
    """What a command applies, in the context; None for what it fetches or what is not there."""
    where = f"{step.file}:{step.line}"
    if has_hard(written) or written == STDIN:
        return None  # the plan says so
    if "://" in written or written.startswith("github.com/"):
        found.blind_spots.append(
            f"{where}: kubectl fetches {written} when it runs: not offline, its images are not seen"
        )
        return None
    name = plan.locate(step.path(written))
    if name is None:
        message = f"the install plan applies {written!r}, which the context does not have"
        hint = "add it, or let init.sh or a *.tmpl file make it"
        found.problems.append(
            Problem("plan-manifest-missing", message, hint, step.file, step.line, severity="warning")
        )
    return name
