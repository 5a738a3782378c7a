"""Where a private system looks for compiled code that it will run."""

import os
import tempfile
from pathlib import Path

import pytest

from cli.private_system import _kept_between_runs


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path / f"rongan-private-{os.getuid()}"


def test_kernels_are_kept_in_a_folder_of_ones_own(temporary: Path) -> None:
    assert _kept_between_runs() == temporary
    assert temporary.stat().st_mode & 0o077 == 0
    assert _kept_between_runs() == temporary


def test_folder_that_others_may_write_or_lead_elsewhere_is_not_used(temporary: Path, tmp_path: Path) -> None:
    temporary.mkdir()
    temporary.chmod(0o777)
    assert _kept_between_runs() is None
    temporary.rmdir()
    temporary.symlink_to(tmp_path)
    assert _kept_between_runs() is None
