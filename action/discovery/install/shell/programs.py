"""What programs do with text: print it, pass it on, write it into files, change files."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Sequence

from action.discovery.install.shell.builtins import resolved
from action.discovery.install.shell.image import Image
from action.discovery.install.shell.state import State
from action.discovery.install.words.unknowns import Unknowns, is_known, without_soft

_VARIABLE = re.compile(r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})", re.ASCII)
_SUBSTITUTE = re.compile(r"s([/|#,@:])((?:(?!\1)[^\\])*)\1((?:(?!\1)[^\\&])*)\1(g?)", re.DOTALL)
_PLAIN = re.compile(r"[\w\s:/<>{}@=,%\"'-]*", re.ASCII)
_FORMAT = re.compile(r"%(%|[-0-9.]*[sdbq])|\\([nt\\\"])")
_CHANGERS = frozenset({"yq", "sed", "perl", "gsed"})


class Programs:
    """Follows the programs whose doing is plain, in one image; each method says whether it knew the command."""

    def __init__(self, image: Image, unknowns: Unknowns) -> None:
        self._image = image
        self._unknowns = unknowns
        self._made = 0
        self._table: dict[str, Callable[[list[str], State, str], None]] = {
            "echo": self._echo,
            "printf": self._printf,
            "cat": self._cat,
            "tee": self._tee,
            "envsubst": self._envsubst,
            "sed": self._sed,
            "basename": self._path,
            "dirname": self._path,
            "realpath": self._path,
            "readlink": self._path,
            "mktemp": self._mktemp,
            "pwd": self._pwd,
            "cp": self._copy,
            "mv": self._copy,
            "ln": self._copy,
            "seq": self._seq,
        }

    def run(self, words: list[str], state: State, where: str) -> bool:
        """Follow a command; false when it is none of those known here. ``where`` is its file and line."""
        known = self._table.get(words[0].rpartition("/")[2])
        if known is not None:
            state.status = True
            known(words, state, where)
        return known is not None

    def change(self, words: Sequence[str], state: State, where: str) -> None:
        """What an unknown program may change: files that it edits in place."""
        name = words[0].rpartition("/")[2]
        flags = [word for word in words[1:] if word.startswith("-") and not word.startswith("--")]
        if name == "kustomize" and "edit" in words[:3]:
            self._changed(posixpath.join(state.directory, "kustomization.yaml"), state, where)
        elif name in _CHANGERS and (any("i" in flag for flag in flags) or "--in-place" in " ".join(words)):
            for word in words[2:]:
                path = resolved(state, word, self._unknowns)
                if not word.startswith("-") and self.read(f"/{path}", state) is not None:
                    self._changed(path, state, where)

    def read(self, written: str, state: State) -> str | None:
        """The text of a file as the plan left it, None when it is not there."""
        if written in ("-", "/dev/stdin"):
            return state.input
        path = self.source(written, state)
        return state.files[path] if path in state.files else self._image.text(path)

    def path(self, written: str, state: State) -> str:
        """A path of the image, as it is written."""
        return resolved(state, written, self._unknowns)

    def source(self, written: str, state: State) -> str:
        """A path of the image, through what was copied."""
        path = resolved(state, written, self._unknowns)
        if path in state.files:
            return path
        for target, source in state.copies.items():
            if path == target or path.startswith(f"{target}/"):
                return source + path[len(target) :]
        return path

    def _changed(self, path: str, state: State, where: str) -> None:
        mark = self._unknowns.hard(f"{where}: {path} is changed here before it is used", change=True)
        text = self.read(f"/{path}", state) or ""
        state.write(path, f"{text}\n# {mark}\n", self._unknowns)

    def _echo(self, words: list[str], state: State, where: str) -> None:
        rest = words[1:]
        end = "\n"
        escapes = False
        while rest and re.fullmatch(r"-[neE]+", rest[0]):
            end = "" if "n" in rest[0] else end
            escapes |= "e" in rest.pop(0)
        text = " ".join(rest)
        if escapes and "\\" in text:
            text = re.sub(r"\\([nt\\])", lambda match: {"n": "\n", "t": "\t"}.get(match[1], "\\"), text)
        state.say(text + end, self._unknowns)

    def _printf(self, words: list[str], state: State, where: str) -> None:
        rest = words[1:]
        if rest[:1] == ["-v"]:
            state.set(rest[1] if len(rest) > 1 else "_", self._unknowns.hard(" ".join(words)), self._unknowns)
            return
        rest = rest[1:] if rest[:1] == ["--"] else rest
        form, values = (rest[0], rest[1:]) if rest else ("", [])
        whole = form.replace("%%", "")
        if re.search(r"%[^%sdbq]", whole) or not is_known(form) or re.search(r"\\[^nt\\\"]", form):
            self._unknown(words, state, where)
            return
        made = []
        while True:
            before = len(values)

            def piece(match: re.Match[str]) -> str:
                if match[1] is None:
                    return {"n": "\n", "t": "\t"}.get(match[2], match[2])
                return "%" if match[1] == "%" else values.pop(0) if values else ""

            made.append(_FORMAT.sub(piece, form))
            if not values or len(values) == before:
                break
        state.say("".join(made), self._unknowns)

    def _cat(self, words: list[str], state: State, where: str) -> None:
        names = [word for word in words[1:] if word == "-" or not word.startswith("-")]
        for name in names or ["-"]:
            text = self.read(name, state)
            if text is None:
                text = self._unknowns.hard(f"what cat {name} prints ({where})", printed=True)
            state.say(text, self._unknowns)

    def _tee(self, words: list[str], state: State, where: str) -> None:
        text = state.input if state.input is not None else self._unknowns.hard(f"what tee reads ({where})")
        for name in words[1:]:
            if not name.startswith("-"):
                state.write(resolved(state, name, self._unknowns), text, self._unknowns, append="-a" in words)
        state.say(text, self._unknowns)

    def _envsubst(self, words: list[str], state: State, where: str) -> None:
        only = {match[1] or match[2] for match in _VARIABLE.finditer(" ".join(words[1:]))}

        def value(match: re.Match[str]) -> str:
            name = match[1] or match[2]
            if only and name not in only:
                return match.group()
            if name in state.variables and (name in state.exported or "*" in state.exported):
                return state.variables[name]
            return self._unknowns.soft(name)

        if state.input is None:
            self._unknown(words, state, where)
        else:
            state.say(_VARIABLE.sub(value, state.input), self._unknowns)

    def _sed(self, words: list[str], state: State, where: str) -> None:
        """Plain substitutions of plain text are made; anything else changes what only the running sed knows."""
        in_place = any(re.fullmatch(r"-[nrEz]*i.*|--in-place.*", word) for word in words[1:])
        scripts, names, at = [], [], 1
        while at < len(words):
            word = words[at]
            at += 1
            if word in ("-e", "--expression") and at < len(words):
                scripts.append(words[at])
                at += 1
            elif not word.startswith("-"):
                names.append(word)
        if not scripts and names:
            scripts.append(names.pop(0))
        plain = [_substitution(part) for script in scripts for part in script.split(";")]
        options = [word for word in words[1:] if word.startswith("-") and word not in ("-e", "-i", "-r", "-E")]
        for name in names or ([] if in_place else ["-"]):
            text = self.read(name, state)
            path = resolved(state, name, self._unknowns)
            if in_place and text is None:
                continue
            if text is None or None in plain or options:
                if in_place:
                    self._changed(path, state, where)
                else:
                    self._unknown(words, state, where)
                continue
            for one in plain:
                text = _substituted(text, *one) if one is not None else text
            if in_place:
                state.write(path, text, self._unknowns)
            else:
                state.say(text, self._unknowns)

    def _path(self, words: list[str], state: State, where: str) -> None:
        name = words[0].rpartition("/")[2]
        rest = [without_soft(word) for word in words[1:] if not word.startswith("-")]
        if not rest or not all(is_known(word) for word in rest):
            self._unknown(words, state, where)
            return
        first = rest[0].rstrip("/") or "/"
        if name == "basename":
            made = posixpath.basename(first)
            made = made.removesuffix(rest[1]) if len(rest) > 1 and made != rest[1] else made
        elif name == "dirname":
            made = posixpath.dirname(first) or ("/" if first == "/" else ".")
        else:
            made = "/" + resolved(state, first, self._unknowns)
        state.say(made + "\n", self._unknowns)

    def _mktemp(self, words: list[str], state: State, where: str) -> None:
        self._made += 1
        path = f"tmp/mktemp.{self._made}"
        if not any(word.startswith("-") and "d" in word for word in words[1:]):
            state.files[path] = ""
        state.say(f"/{path}\n", self._unknowns)

    def _pwd(self, words: list[str], state: State, where: str) -> None:
        state.say(f"/{state.directory}\n", self._unknowns)

    def _copy(self, words: list[str], state: State, where: str) -> None:
        names = [word for word in words[1:] if not word.startswith("-")]
        if len(names) < 2 or not all(is_known(name) for name in names):
            return
        *sources, target = names
        base = resolved(state, target, self._unknowns)
        into = target.endswith("/") or len(sources) > 1 or self._image.is_directory(base)
        for name in sources:
            source = self.source(name.removesuffix("/.") or ".", state)
            path = (
                posixpath.join(base, posixpath.basename(name.rstrip("/")))
                if into and not name.endswith("/.")
                else base
            )
            if source in state.files:
                state.write(path, state.files[source], self._unknowns)
            elif (text := self._image.text(source)) is not None:
                state.write(path, text, self._unknowns)
            elif self._image.locate(source) is not None and self._image.locate(path) is None:
                state.copies[path] = source

    def _seq(self, words: list[str], state: State, where: str) -> None:
        if not all(word.isdecimal() and len(word) < 4 for word in words[1:]) or len(words) not in (2, 3):
            self._unknown(words, state, where)
            return
        first, last = (1, int(words[1])) if len(words) == 2 else (int(words[1]), int(words[2]))
        state.say("".join(f"{number}\n" for number in range(first, last + 1)), self._unknowns)

    def _unknown(self, words: list[str], state: State, where: str) -> None:
        state.say(self._unknowns.hard(f"what {words[0]} prints ({where})", printed=True), self._unknowns)


def _substitution(script: str) -> tuple[str, str, bool] | None:
    match = _SUBSTITUTE.fullmatch(script.strip())
    if match is None or not _PLAIN.fullmatch(match[2]) or not match[2]:
        return None
    return match[2], match[3], bool(match[4])


def _substituted(text: str, wanted: str, replacement: str, everywhere: bool) -> str:
    return "".join(
        line.replace(wanted, replacement, -1 if everywhere else 1) for line in text.splitlines(keepends=True)
    )
