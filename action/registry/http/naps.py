"""Sleep that can be cut short: a registry may ask for minutes, and the work may be over before."""

from __future__ import annotations

import threading

from action.errors import Problem, RegistryError


class Naps:
    """Safe to share between threads."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._alarms = 0

    def sleep(self, seconds: float) -> None:
        """Wait; raises RegistryError ``interrupted`` as soon as somebody calls ``interrupt``."""
        with self._condition:
            alarms = self._alarms
            if self._condition.wait_for(lambda: self._alarms != alarms, seconds):
                raise RegistryError(Problem("interrupted", "stopped while waiting for a registry"))

    def interrupt(self) -> None:
        """Wake everybody who sleeps now."""
        with self._condition:
            self._alarms += 1
            self._condition.notify_all()
