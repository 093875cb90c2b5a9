"""What people are told before anything is built, as Markdown: the decision, its reason and its remedy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from action.errors import Problem
from action.report.comment.after_build import status_table
from action.report.comment.markdown import Block, code, compose, counted, details, fenced, table
from action.report.comment.outcome import Image
from action.report.comment.problems import also_wrong, problem_list
from action.request.command_line import HELP, usage
from action.request.parse import Request
from generator.names import IMAGE_TYPES

WRITE_AGAIN = "Write it again in a new comment: edits are not read."
_AGAIN = {
    "changed": "The issue was edited after its requests were listed here. What it asks for now is built when a "
    "maintainer takes the label {label} away and sets it again:",
    "not-listed": "No list had shown these requests when the label was set. They are built when a maintainer "
    "takes the label {label} away and sets it again:",
}


def waiting(requests: Sequence[Request], problems: Sequence[Problem], label: str, code_of_decision: str) -> str:
    """The request is right, and a maintainer has to let it pass: again, when the label came before this list."""
    rows = [(code(f"{r.app}:{r.version}"), code(r.type), _options(r)) for r in requests]
    first = "This is built as soon as a maintainer sets the label {label}:"
    head = "### ⏳ Validated, waiting for a maintainer\n\n"
    head += _AGAIN.get(code_of_decision, first).format(label=code(label))
    many = f"{counted(len(rows), 'image')}."
    return compose([head, Block(table(("image", "type", "with"), rows), many), *also_wrong(problems)])


def building(images: Sequence[Image], tried: Sequence[Image], problems: Sequence[Problem], run_url: str) -> str:
    """The build has started; ``tried`` are dry runs beside it."""
    head = f"### 🔨 Building\n\nFollow it in [the workflow run]({run_url}); this comment will say how it ended."
    listing = Block(status_table(images), f"{counted(len(images), 'image')}.")
    return compose([head, listing, *also_wrong(problems), *_tried(tried)])


def dry_run(images: Sequence[Image], problems: Sequence[Problem]) -> str:
    """What would be built."""
    return compose(["### 🧪 Dry run", *_tried(images), *also_wrong(problems)])


def refused(problems: Sequence[Problem]) -> str:
    """Nothing is built, and why."""
    about_text = any(problem.line or problem.code == "no-command" for problem in problems)
    footer = [f"{WRITE_AGAIN} {code(HELP)} shows how a command is written."] if about_text else []
    return compose(["### 👎 Not built", problem_list(problems), *footer])


def joined(run_url: str, comment_id: int) -> str:
    """The same request is being built already."""
    return (
        "### 🔁 Already being built\n\n"
        f"[This workflow run]({run_url}) has the same request; [its answer](#issuecomment-{comment_id}) is for both."
    )


def let_pass(comment_id: int) -> str:
    """A request that waited is built together with others."""
    head = "### 🔁 Let pass"
    return f"{head}\n\nA maintainer has set the label; [this answer](#issuecomment-{comment_id}) says how it goes."


def outdated() -> str:
    """A comment that waited was edited, and is not built."""
    said = "This comment no longer asks for what was listed here, and is not built."
    return f"### 👎 Not built\n\n{said} {WRITE_AGAIN}"


def help_text(catalogue: Iterable[tuple[str, str, Sequence[str]]], label: str, *, title_guard: bool) -> str:
    """The usage, and what there is: rows of application, types, versions."""
    rules = [
        "A command is plain text at the start of its own line; a comment may have several.",
        "Several versions are joined by commas; `latest` in the list below means that any other version works too.",
        'A value with a comma or a blank goes in double quotes: `Key1=Value1,Key2="a, b=c"`.',
        f"The issue needs the label {code(label)}, which a maintainer sets.",
    ]
    if title_guard:
        rules.append("The title of the issue names the application: `【Auto-build】<app>` or `[Auto-build] <app>`.")
    rows = [(code(app), types, _versions(versions)) for app, types, versions in catalogue]
    listing = details(counted(len(rows), "application"), table(("application", "types", "versions"), rows))
    return compose(
        [
            "### How to ask for a build",
            fenced("\n".join(usage(image_type) for image_type in IMAGE_TYPES)),
            "\n".join(f"- {rule}" for rule in rules),
            Block(listing, f"There are {len(rows)} applications; the directory `applications/` has them all."),
        ]
    )


def _tried(images: Sequence[Image]) -> list[Block | str]:
    if not images:
        return []
    rows = [(code(i.reference), code(i.type), ", ".join(p.arch for p in i.platforms), code(i.context)) for i in images]
    listing = table(("image", "type", "architectures", "from"), rows)
    return [
        "Nothing of this is built; without `--dry-run` it would be:",
        Block(listing, f"{counted(len(rows), 'image')}."),
    ]


def _options(request: Request) -> str:
    options = [f"--arch={','.join(request.arches)}"] if request.arches else []
    options += ["--dry-run"] if request.dry_run else []
    if request.force is not None:
        options += [f'--force="{request.force}"' if request.force else "--force"]
    arguments = [f"{key}={value}" for key, value in request.build_args.items()]
    return " ".join(code(text) for text in (*arguments, *options))


def _versions(versions: Sequence[str]) -> str:
    shown = ", ".join(code(version) for version in versions[-8:])
    return f"{len(versions) - 8} more, {shown}" if len(versions) > 8 else shown
