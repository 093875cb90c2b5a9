"""Lines that nearly are a command: misspelt, in other letters that look alike, or behind a list marker.

Each is answered, because its writer waits for a build that will not come; plain talk never is.
"""

from __future__ import annotations

import difflib
import re
import unicodedata

from action.request.command_line import COMMANDS, HELP
from action.request.words import blanks_to_spaces
from generator.errors import Problem
from generator.names import code_point

KNOWN = (*COMMANDS, HELP)
_ALIKE = 0.75  # difflib's ratio; "/build" and "/image" stay below it, "/build_apps" and "/image-build" do not
_LONGEST = 40

# Letters of other alphabets that are drawn like the letters of our commands.
_LOOK = str.maketrans("аεеіӏІЅѕорԁгυμмпɡցƅьԀΑΒΕΙΟΡΥνɩı\u2215\u2044\\", "aeeilissopdrummnggbbdabeiopyvii///")
_BEHIND = re.compile(r"(?:[-+*>#|`~_\"'(\[]+|\d{1,9}[.)])[ \t]*(?:[*_`\"'(\[]*)(/imagebuild_[a-z]+)")


def near_command(line: str, number: int) -> Problem | None:
    """What is wrong with a line whose first word is nearly a command; None when it is not."""
    word = blanks_to_spaces(line).strip(" ").split(" ", 1)[0]
    if not word or len(word) > _LONGEST:
        return None
    plain = _plain(word)
    bare = plain.lstrip("/")
    if "/" in bare or not plain.startswith(("/", "imagebuild_")):
        return None
    known = difflib.get_close_matches(bare, [name[1:] for name in KNOWN], 1, _ALIKE)
    if not known and "imagebuild" not in bare and not _is_alike(bare):
        return None
    if known and len(bare) < len("imagebuild_x"):  # says no type
        known = []
    column = line.index(word) + 1
    strange = next((index for index, character in enumerate(word) if not character.isascii()), None)
    said = f"there is no command {word!r}"
    if strange is not None:
        said += f": it has {code_point(word[strange])}"
        column += strange
    near = f"did you mean /{known[0]}?" if known else f"the commands are {', '.join(KNOWN)}"
    return Problem("unknown-command", said, near, line=number, column=column)


def behind_something(line: str, number: int) -> Problem | None:
    """A command that is not at the start of its line, but behind a list marker, a quotation mark or the like."""
    match = _BEHIND.match(blanks_to_spaces(line).strip(" "))
    if match is None or match[1] not in KNOWN:
        return None
    message = f"the command {match[1]} does not stand at the start of its line and was not read"
    hint = "leave out what stands before it"
    return Problem("not-read", message, hint, line=number, column=line.index(match[1]) + 1, severity="warning")


def _plain(word: str) -> str:
    """The word as it looks: in small ASCII letters, without what cannot be seen."""
    text = unicodedata.normalize("NFKC", word).translate(_LOOK)
    return "".join(c for c in text if unicodedata.category(c) not in {"Cf", "Mn", "Zs", "Cc"}).translate(_LOOK).lower()


def _is_alike(plain: str) -> bool:
    return difflib.SequenceMatcher(None, plain, "imagebuild").ratio() >= _ALIKE
