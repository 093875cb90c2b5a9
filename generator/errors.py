"""The error family of both packages, and the one boundary where it becomes an exit code."""

# Annotations are not postponed here: NamedTuple would compile each of their texts, which every start would wait for.
import sys
from collections.abc import Callable, Iterable
from typing import ClassVar, Literal, NamedTuple

ISSUES_URL = "https://github.com/labring-actions/cluster-image/issues"

Severity = Literal["error", "warning"]


class Problem(NamedTuple):
    """One thing that is wrong with the input: what, where, and what to do.

    ``code`` is a stable kebab-case identifier, ``file`` the path as the user knows it, ``line`` and
    ``column`` count from 1. A problem is data: it is collected, sorted and reported, never printed on the way.
    """

    code: str
    message: str
    hint: str = ""
    file: str | None = None
    line: int | None = None
    column: int | None = None
    severity: Severity = "error"

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        text = f"{self.severity}: {place}: {self.message}" if place else f"{self.severity}: {self.message}"
        return f"{text}\n  hint: {self.hint}" if self.hint else text


class ClusterImageError(Exception):
    """The input is wrong, or the world refused: reported as its problems, exit code 1."""

    exit_code: ClassVar[int] = 1

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class InputError(ClusterImageError):
    """Something in the tree, in a request or in a file that was given is wrong."""


class UsageError(ClusterImageError):
    """The command line itself is wrong."""

    exit_code = 2


def escape_log(text: str) -> str:
    """Text that the runner's log shows, and never obeys.

    A line that starts with ``::`` is a command, and so is ``##[`` anywhere in it (actions/runner, ActionCommand.cs).
    A zero-width space behind the first character breaks both and shows nothing.
    """
    import re  # what is printed as an error is rare; it would slow every start

    text = re.sub(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]", "\ufffd", text.replace("\r\n", "\n"))
    text = text.replace("##[", "#\u200b#[")
    return re.sub(r"(?m)^([^\S\n]*):(?=:)", "\\1:\u200b", text)


def run(main: Callable[[], int]) -> int:
    """Call ``main`` and turn what it raises into an exit code (DESIGN: 0 fine, 1 input, 2 usage, 3 our defect).

    Used by every ``__main__``, and by nothing else.
    """
    try:
        return main()
    except ClusterImageError as error:
        print(escape_log(str(error)), file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:  # the reader of our output has left, as `| head` does
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except Exception:
        import traceback  # only a defect needs it; it would slow every start

        print(escape_log(traceback.format_exc()), file=sys.stderr)
        print(
            f"This is a defect of cluster-image. Please report it with the lines above: {ISSUES_URL}",
            file=sys.stderr,
        )
        return 3
