"""A simple command, its words expanded -> what it does to the shell, and what it installs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from action.discovery.install.shell import builtins
from action.discovery.install.shell.commands import (
    STDIN,
    HelmCommand,
    KubectlCommand,
    ScriptCall,
    Unfollowed,
    mentions_install,
    plan_command,
)
from action.discovery.install.shell.image import Image
from action.discovery.install.shell.journal import Journal
from action.discovery.install.shell.prefixes import bare
from action.discovery.install.shell.programs import Programs
from action.discovery.install.shell.state import Function, State
from action.discovery.install.shell.tree import Source
from action.discovery.install.words.unknowns import PLANNED, has_hard, is_known, without_soft

MAX_CALLS = 16
"""Functions and scripts that call each other: deeper than this nothing is followed."""
MAX_XARGS = 64

_PRINTING = frozenset({"echo", "printf", "grep", "egrep", "fgrep", "sed", "awk", "cat", "logger", "jq", "yq", "find"})


class Runner(Protocol):
    """Runs what a command turns out to be."""

    image: Image
    journal: Journal
    programs: Programs
    depth: int

    def run_text(self, source: Source, state: State) -> list[State]:
        """Run a text in a state."""
        ...

    def call(self, function: Function, words: list[str], state: State) -> list[State]:
        """Call a function with the words behind its name."""
        ...

    def tested(self, words: list[str], state: State) -> bool | None:
        """What ``test`` says of expanded words."""
        ...

    def value(self, state: State, source: Source, line: int) -> Callable[[str], str]:
        """How names are looked up."""
        ...


class Simple:
    """Does simple commands for a runner."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._journal = runner.journal
        self._unknowns = runner.journal.unknowns

    def run(self, words: list[str], unset: list[str], given: dict[str, str], state: State, at: Source) -> list[State]:
        """``given`` are the variables of this command alone, ``unset`` words that vanished, ``at.line`` its line."""
        words, more = bare(words)
        given = {**given, **more}
        state.hoped = False
        if not words:
            state.status = True
            return [state]
        name = words[0]
        if has_hard(name):
            return self._unknown_program(words, state, at)
        words[0] = name = without_soft(name)
        if name in state.functions:
            return self._called(words, given, state)
        if self._builtin(words, given, state, at):
            return [state]
        if name == "eval":
            return self._evaluated(words, state, at)
        if name in ("source", "."):
            return self._sourced(words, state, at)
        if name in ("return", "exit", "break", "continue"):
            return [self._left(words, state)]
        if name == "xargs":
            return self._xargs(words, unset, state, at)
        planned = plan_command(words)
        if isinstance(planned, ScriptCall):
            return self._script(planned, given, state, at)
        if planned is not None:
            return [self._planned(planned, words, unset, state, at)]
        return self._program(words, unset, given, state, at)

    def _builtin(self, words: list[str], given: dict[str, str], state: State, at: Source) -> bool:
        name, unknowns = words[0], self._unknowns
        if name in ("cd", "pushd", "popd"):
            state.status = builtins.change_directory(words, state, unknowns)
        elif name == "set":
            state.status = builtins.set_options(words, state)
        elif name == "shift":
            state.status = builtins.shift(words, state)
        elif name == "read":
            state.status = builtins.read(words, given.get("IFS"), state, unknowns)
        elif name in ("mapfile", "readarray"):
            self._read_lines(words, state)
        elif name == "let":
            value = self._runner.value(state, at, at.line)
            results = [builtins.compute(word, state, value, unknowns) for word in words[1:]]
            state.status = None if not results or results[-1] is None else results[-1] != 0
        elif name in ("test", "["):
            state.status = self._runner.tested(words[1:-1] if name == "[" else words[1:], state)
        elif name in ("true", ":", "false"):
            state.status = name != "false"
        else:
            return False
        return True

    def _read_lines(self, words: list[str], state: State) -> None:
        names = [word for word in words[1:] if not word.startswith("-")] or ["MAPFILE"]
        text = state.input
        if text is None or not is_known(text) or "-t" not in words:
            state.arrays[names[0]] = {"0": self._unknowns.hard(f"${{{names[0]}[@]}}")}
        else:
            state.arrays[names[0]] = {str(number): line for number, line in enumerate(text.splitlines())}
        state.status = True

    def _left(self, words: list[str], state: State) -> State:
        count = words[1] if len(words) > 1 else ""
        if words[0] in ("break", "continue"):
            state.levels = int(count) if count.isdecimal() and len(count) < 4 else 1
            state.flow = "break" if words[0] == "break" else "continue"
        else:
            state.status = (int(count) == 0) if count.isdecimal() else (None if count else state.status)
            state.flow = "return" if words[0] == "return" else "exit"
        return state

    def _called(self, words: list[str], given: dict[str, str], state: State) -> list[State]:
        before = {name: state.variables.get(name) for name in given}
        state.variables.update(given)
        after = self._runner.call(state.functions[words[0]], words[1:], state)
        for one in after:
            for name, value in before.items():
                if value is None:
                    one.variables.pop(name, None)
                else:
                    one.variables[name] = value
        return after

    def _unknown_program(self, words: list[str], state: State, at: Source) -> list[State]:
        if mentions_install(words[1:]) or " " in self._unknowns.shown(words[0]) or words[0] != words[0].strip():
            self._journal.blind(at.file, at.line, f"runs {' '.join(words[:4])}, which is known only when it runs")
        self._journal.handle(words)
        state.status = None
        state.say(self._prints(words, at), self._unknowns)
        return [state]

    def _prints(self, words: list[str], at: Source) -> str:
        return self._unknowns.hard(f"what {words[0]} prints ({at.file}:{at.line})", printed=True)

    def _evaluated(self, words: list[str], state: State, at: Source) -> list[State]:
        text = without_soft(" ".join(words[1:]))
        self._journal.handle(words)
        return self._runner.run_text(Source(at.file, text, at.line), state)

    def _sourced(self, words: list[str], state: State, at: Source) -> list[State]:
        if len(words) < 2:
            return [state]
        text = self._opened(words[1], state, at)
        state.status = None if text is None else True
        if text is None:
            return [state]
        arguments = state.arguments
        state.arguments = tuple(words[2:]) if len(words) > 2 else arguments
        after = self._runner.run_text(text, state)
        for one in after:
            one.arguments = arguments if len(words) > 2 else one.arguments
            one.flow = "" if one.flow == "return" else one.flow
        return after

    def _opened(self, written: str, state: State, at: Source) -> Source | None:
        """The text of a script, noted as one that the plan calls."""
        if not is_known(without_soft(written)):
            self._journal.blind(at.file, at.line, f"runs the script {written}, which is known only when it runs")
            return None
        path = self._runner.programs.source(written, state)
        text = self._runner.programs.read(written, state)
        if text is None or (path not in state.files and "\0" in text):
            if self._runner.image.locate(path) is not None:
                self._journal.blind(at.file, at.line, f"runs {written}, which is not a text that can be read")
            return None
        name = path if path in state.files else self._runner.image.locate(path) or path
        if path not in state.files:
            self._journal.scripts[name] = text
        elif not is_known(text):
            self._journal.blind(at.file, at.line, f"runs {written}, of which parts are known only when it runs")
        return Source(name, without_soft(text).replace("\r\n", "\n"))

    def _script(self, call: ScriptCall, given: dict[str, str], state: State, at: Source) -> list[State]:
        """A shell of its own: it sees what is exported, and gives back only its files and what it printed."""
        inner = state.clone()
        inner.functions, inner.arrays, inner.locals = {}, {}, []
        inner.variables = {**(state.variables if "*" in state.exported else state.environment()), **given}
        inner.exported = set(inner.variables)
        inner.arguments = call.arguments
        source: Source | None
        if call.text is not None:
            source = Source(at.file, without_soft(call.text), at.line)
            inner.name, inner.arguments = (call.arguments or ("bash",))[0], call.arguments[1:]
        elif call.path is not None:
            source, inner.name = self._opened(call.path, state, at), call.path
        else:
            source, inner.name, inner.input = self._from_input(state, at), "bash", None
        self._journal.handle([*(call.text or "").split()])
        state.status = None
        if source is None:
            state.say(self._prints([call.path or "bash"], at), self._unknowns)
            return [state]
        found = []
        for after in self._runner.run_text(source, inner):
            outer = state.clone()
            outer.files, outer.copies, outer.output, outer.status = (
                after.files,
                after.copies,
                after.output,
                after.status,
            )
            outer.input = after.input if call.path is not None or call.text is not None else None
            found.append(outer)
        return found

    def _from_input(self, state: State, at: Source) -> Source | None:
        if state.input is None:
            return None
        if self._unknowns.is_printed(state.input) or PLANNED in state.input:
            self._journal.blind(
                at.file, at.line, f"a shell runs {state.input[:200]}, which is known only when it runs"
            )
        self._journal.handle(state.input.split())
        return Source(at.file, without_soft(state.input), at.line)

    def _planned(
        self,
        planned: HelmCommand | KubectlCommand | Unfollowed,
        words: list[str],
        unset: list[str],
        state: State,
        at: Source,
    ) -> State:
        self._journal.handle(words)
        state.status = None
        if isinstance(planned, Unfollowed):
            self._journal.blind(at.file, at.line, planned.message)
            state.say(self._prints(words, at), self._unknowns)
            return state
        named = planned.values if isinstance(planned, HelmCommand) else planned.files
        if STDIN in named:
            state.files[STDIN.lstrip("/")] = self._standard_input(words, state, at)
        texts = [*words, *unset, *self._texts(planned, state)]
        self._journal.meet(_softened(planned), at.file, at.line, state, texts)
        state.files.pop(STDIN.lstrip("/"), None)
        if isinstance(planned, HelmCommand) and planned.post_renderer:
            self._journal.blind(at.file, at.line, f"{planned.post_renderer} changes what helm installs, unseen here")
        state.hoped = True
        state.say(PLANNED if planned.prints else self._prints(words, at), self._unknowns)
        return state

    def _texts(self, planned: HelmCommand | KubectlCommand, state: State) -> list[str]:
        """What the plan wrote before into the files that a command reads."""
        if isinstance(planned, HelmCommand):
            files = [option.text.partition("=")[2] for option in planned.sets if option.flag == "--set-file"]
            named = (*planned.values, planned.chart, *files)
        else:
            named = (*planned.files, *planned.kustomizations)
        programs = self._runner.programs
        paths = [path for name in named for path in (programs.source(name, state), programs.path(name, state))]
        return [
            text
            for name, text in state.files.items()
            if any(name == path or name.startswith(f"{path}/" if path else "") for path in paths)
        ]

    def _standard_input(self, words: list[str], state: State, at: Source) -> str:
        text = state.input
        if text is None:
            self._journal.blind(at.file, at.line, f"{words[0]} reads what only the running image can give it")
            return ""
        return text

    def _xargs(self, words: list[str], unset: list[str], state: State, at: Source) -> list[State]:
        replaced, most, rest = _xargs_options(words[1:])
        text = state.input
        if text is None or not is_known(text) or rest is None or any(c in text for c in "\"'\\"):
            self._journal.handle(words)
            if mentions_install(words):
                self._journal.blind(at.file, at.line, "xargs runs a command with words known only when it runs")
            return [state]
        items = text.splitlines() if replaced else text.split()
        size = 1 if replaced else most or len(items) or 1
        states = [state]
        for start in range(0, min(len(items), MAX_XARGS), size):
            group = items[start : start + size]
            made = [word.replace(replaced, group[0]) for word in rest] if replaced else [*rest, *group]
            states = [after for one in states for after in self.run(made, unset, {}, one, at)]
        if len(items) > MAX_XARGS:
            self._journal.blind(at.file, at.line, "xargs runs a command more often than is followed here")
        return states

    def _program(
        self, words: list[str], unset: list[str], given: dict[str, str], state: State, at: Source
    ) -> list[State]:
        """Any other program: one that runs the command behind its own words is followed into it."""
        where = f"{at.file}:{at.line}"
        if self._runner.programs.run(words, state, where):
            return [state]
        if words[0].rpartition("/")[2] not in _PRINTING:
            for index in range(1, len(words)):
                inner = plan_command(words[index:]) if words[index].rpartition("/")[2] in _INNER else None
                if isinstance(inner, (HelmCommand, KubectlCommand)):
                    return self.run(words[index:], unset, given, state, at)
            path = self._runner.programs.source(words[0], state)
            is_there = path in state.files or self._runner.image.locate(path) is not None
            if "/" in words[0] and is_there and self._is_script(path, state):
                call = ScriptCall(path=words[0], text=None, arguments=tuple(words[1:]))
                return self._script(call, given, state, at)
        self._runner.programs.change(words, state, where)
        state.status = None
        state.say(self._prints(words, at), self._unknowns)
        return [state]

    def _is_script(self, path: str, state: State) -> bool:
        text = state.files.get(path) or self._runner.image.text(path) or ""
        first = text.partition("\n")[0]
        return first.startswith("#!") and first.rstrip().endswith("sh")


_INNER = frozenset({"helm", "kubectl", "oc", "kustomize"})


def _softened(planned: HelmCommand | KubectlCommand) -> HelmCommand | KubectlCommand:
    """The command as it is when nobody gives the variables that nothing sets."""
    if isinstance(planned, KubectlCommand):
        return replace(
            planned,
            files=tuple(without_soft(text) for text in planned.files),
            kustomizations=tuple(without_soft(text) for text in planned.kustomizations),
            images=tuple(without_soft(text) for text in planned.images),
        )
    return replace(
        planned,
        chart=without_soft(planned.chart),
        release=without_soft(planned.release),
        namespace=without_soft(planned.namespace),
        values=tuple(without_soft(text) for text in planned.values),
        sets=tuple(replace(option, text=without_soft(option.text)) for option in planned.sets),
        version=None if planned.version is None else without_soft(planned.version),
    )


def _xargs_options(words: list[str]) -> tuple[str, int, list[str] | None]:
    """The text that ``-I`` replaces, how many words a command gets, and the command; None when a form is not read."""
    replaced, most, at = "", 0, 0
    while at < len(words) and words[at].startswith("-"):
        word = words[at]
        at += 1
        value = word[2:]
        if word[:2] in ("-I", "-n", "-L", "-P"):
            if not value:
                value = words[at] if at < len(words) else ""
                at += 1
            replaced = value if word[:2] == "-I" else replaced
            if word[:2] in ("-n", "-L"):
                if word[:2] == "-L" or not value.isdecimal() or value == "0":
                    return "", 0, None
                most = int(value)
        elif word not in ("-r", "-t", "--no-run-if-empty"):
            return "", 0, None
    return replaced, most, words[at:] or None
