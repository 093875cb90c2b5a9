"""The error family of both packages, and the one boundary where it becomes an exit code."""

# Annotations are not postponed here: NamedTuple would compile each of their texts, which every start would wait for.
import errno
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import ClassVar, Literal, NamedTuple

from generator.console import err

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


_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_SHORT = frozenset({errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM})


def machine_problem(error: BaseException) -> Problem | None:
    """What the machine would not give us, as a problem that a person can solve; None for anything else."""
    if isinstance(error, MemoryError):
        return Problem("no-memory", "the memory of this machine is used up", "build less at once, or on a larger one")
    if isinstance(error, RuntimeError) and "start new thread" in str(error):
        return Problem("no-threads", "the machine allows no more threads", "raise the limit, as with ulimit -u")
    if not isinstance(error, OSError):
        return None
    where = str(error.filename) if error.filename is not None else None
    if error.errno in _FULL:
        return Problem("disk-full", f"the disk is full: {error.strerror}", "free some space, then run it again", where)
    if error.errno in _DENIED:
        return Problem("not-allowed", f"cannot be used: {error.strerror}", "check who may write there", where)
    if error.errno in _SHORT:
        message = f"the machine gives no more of something: {error.strerror}"
        return Problem("no-resources", message, "raise the limit, as with ulimit -n, or run less at once", where)
    if error.errno == errno.EIO:
        return Problem("disk-error", f"cannot be used: {error.strerror}", "check the disk", where)
    return None


@contextmanager
def _signals_interrupt() -> Iterator[list[int]]:
    """Let the signals by which others end us do what Ctrl-C does, so that whatever is open is put away; gives which.

    The first one interrupts. Those that follow (a runner sends two) would only interrupt the putting away.
    """
    heard: list[int] = []

    def interrupt(number: int, _frame: FrameType | None) -> None:
        heard.append(number)
        if len(heard) == 1:
            raise KeyboardInterrupt

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    try:
        # Who started us may want a signal to be of no effect, as nohup does.
        before = {
            number: signal.signal(number, interrupt)
            for number in numbers
            if signal.getsignal(number) is not signal.SIG_IGN
        }
    except ValueError:  # not the main thread: signals are somebody else's
        yield heard
        return
    try:
        yield heard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run(main: Callable[[], int]) -> int:
    """Call ``main`` and turn what it raises into an exit code (DESIGN: 0 fine, 1 input, 2 usage, 3 our defect).

    A signal that ends us gives 128 and its number, as in a shell. Used by every ``__main__``, and by nothing else.
    """
    with _signals_interrupt() as heard:
        try:
            return _run(main)
        except KeyboardInterrupt:
            err.say("interrupted")
            return 128 + (heard[0] if heard else signal.SIGINT)


def _run(main: Callable[[], int]) -> int:
    try:
        return main()
    except ClusterImageError as error:
        err.say(error)
        return error.exit_code
    except BrokenPipeError:  # the reader of our output has left, as `| head` does
        sys.stderr.close()
        return 0
    except Exception as error:
        if (problem := machine_problem(error)) is not None:
            err.say(problem)
            return 1
        import traceback  # only a defect needs it; it would slow every start

        err.say(traceback.format_exc())
        err.say(f"This is a defect of cluster-image. Please report it with the lines above: {ISSUES_URL}")
        return 3
