"""Files of a context by their names, where the context is the root for every link."""

from __future__ import annotations

from pathlib import Path

import pytest

from action.context.beneath import beneath, files_below, is_file_beneath, read_beneath


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """Two absolute links that land inside: one to a file, one to a folder; and one that this machine alone has."""
    context = tmp_path / "context"
    (context / "charts/web").mkdir(parents=True)
    (context / "charts/web/values.yaml").write_text("a: 1\n")
    (context / "opt").mkdir()
    (context / "opt/values").symlink_to("/charts/web/values.yaml")
    (context / "opt/web").symlink_to("/charts/web")
    (tmp_path / "secret").write_text("outside")
    (context / "opt/secret").symlink_to(tmp_path / "secret")
    return context


@pytest.mark.parametrize("name", ["opt/values", "opt/web/values.yaml"])
def test_an_absolute_link_is_followed_from_the_context(context: Path, name: str) -> None:
    assert beneath(context, name) == context / "charts/web/values.yaml"
    assert is_file_beneath(context, name)
    assert read_beneath(context, name, 100) == b"a: 1\n"


def test_a_folder_that_is_an_absolute_link_has_its_files(context: Path) -> None:
    assert list(files_below(context, "opt/web")) == ["opt/web/values.yaml"]
    assert list(files_below(context, "opt")) == ["opt/values"]


def test_an_absolute_link_to_this_machine_leads_nowhere(context: Path) -> None:
    assert beneath(context, "opt/secret") is None
    assert not is_file_beneath(context, "opt/secret")
    with pytest.raises(FileNotFoundError):
        read_beneath(context, "opt/secret", 100)
