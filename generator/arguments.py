"""The parser of both command lines: what it refuses is quoted in a message, and the message ends in a log."""

from __future__ import annotations

import argparse
from typing import NoReturn

from generator.console import escape_log


class ArgumentParser(argparse.ArgumentParser):
    """argparse's own, but for the escaping."""

    def error(self, message: str) -> NoReturn:
        super().error(escape_log(message))
