"""Where a build leaves what it made: whole, or not at all."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from action.build.output import open_destination
from action.errors import InputError, Problem
from generator.settings.settings import Settings


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), InputError(Problem("x", "x"))])
@pytest.mark.parametrize("existed", [False, True])
def test_a_failed_build_leaves_no_half_layout(tmp_path: Path, error: Exception, existed: bool) -> None:
    """A full disk left half of one; what was there before is somebody's, and stays."""
    folder = tmp_path / "image"
    if existed:
        with open_destination(f"oci:{folder}", Settings()) as destination:
            destination.layout.write_blob([b"kept"], "text/plain")
    with pytest.raises(type(error)), open_destination(f"oci:{folder}", Settings()) as destination:
        destination.layout.write_blob([b"half"], "text/plain")
        raise error
    assert folder.exists() == existed
