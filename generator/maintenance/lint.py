"""Problems of a repository that reading its catalogue does not meet."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from generator.errors import InputError, Problem
from generator.settings import yaml_file
from generator.settings.settings import METADATA_FILE, SETTINGS_FILE, Settings
from generator.tree.build_files import read_build_file
from generator.tree.catalog import read_catalog
from generator.tree.init_lint import init_scripts
from generator.tree.model import Catalog
from generator.tree.paths import bad_link, natural_key, shown
from generator.tree.sealos_rules import cluster_file_problems

TEMPLATES = ".github/ISSUE_TEMPLATE"


def lint(root: Path, settings: Settings) -> list[Problem]:
    """Everything that is wrong with the repository at ``root``, sorted by place."""
    catalog = read_catalog(root, settings)
    problems = [
        *catalog.problems,
        *_links(catalog),
        *_misnamed(root, catalog),
        *_labelled(root, settings),
        *_cluster_files(catalog),
        *init_scripts(catalog, settings),
    ]
    return sorted(set(problems), key=lambda problem: (natural_key(problem.file or ""), problem.code, problem.message))


def _links(catalog: Catalog) -> Iterator[Problem]:
    """Links in build directories that lead out of them: staging would refuse them."""
    for version in {version.context: version for app in catalog.apps for version in app.versions.values()}.values():
        inside = version.directory.resolve()
        for folder, directories, files in os.walk(version.directory):
            for name in (*directories, *files):
                path = Path(folder, name)
                if path.is_symlink() and not _stays(path, inside):
                    label = f"{version.context}/{path.relative_to(version.directory).as_posix()}"
                    yield bad_link("is a link to a place outside of the build directory", label)


def _cluster_files(catalog: Catalog) -> Iterator[Problem]:
    """The build files of cluster images, as Sealos will run what they make."""
    for version in {version.context: version for app in catalog.apps for version in app.versions.values()}.values():
        name = version.files.kubefile or version.files.dockerfile
        if name is not None and {"apps", "configs"} & set(version.types):
            label = f"{version.context}/{name}"
            yield from cluster_file_problems(
                read_build_file(version.directory / name, label), label, version.directory
            )


def _stays(link: Path, inside: Path) -> bool:
    """Whether a link leads to a place below ``inside``, be something there or not."""
    try:
        return link.resolve().is_relative_to(inside)
    except (OSError, RuntimeError):  # a loop; RuntimeError before Python 3.13
        return False


def _misnamed(root: Path, catalog: Catalog) -> Iterator[Problem]:
    """Files that nothing reads, because their name is nearly one that is read."""
    places = {"": SETTINGS_FILE} | {f"{app.root}/{app.name}/": METADATA_FILE for app in catalog.apps}
    for place, name in places.items():
        for wrong in (name.replace(".yaml", ".yml"), name.upper(), name.capitalize()):
            if (root / f"{place}{wrong}").is_file() and not (root / f"{place}{name}").is_file():
                yield Problem("misnamed", "is not read", f"rename it to {name}", f"{place}{wrong}")


def _labelled(root: Path, settings: Settings) -> Iterator[Problem]:
    """Issue templates that set the label which approves an issue: then anybody could approve their own."""
    for path in sorted((root / TEMPLATES).glob("*")):
        if path.suffix not in {".md", ".yml", ".yaml"} or not path.is_file():
            continue
        label = f"{TEMPLATES}/{shown(path.name)}"
        try:
            labels = _labels(path, label)
        except InputError as error:
            yield from error.problems
            continue
        if settings.label.casefold() in (each.strip().casefold() for each in labels):
            message = f"sets the label {settings.label!r}, which approves an issue: anybody could approve their own"
            yield Problem("approving-template", message, "take the label out of the template", label)


def _labels(path: Path, label: str) -> list[str]:
    """The labels of an issue form, or of the front matter of a Markdown template."""
    data = yaml_file.load(path, label, front_matter=path.suffix == ".md").data
    found = data.get("labels", []) if isinstance(data, dict) else []
    return found.split(",") if isinstance(found, str) else [str(each) for each in found or []]
