"""What providers publish about their APIs, where it stands beside the project."""

from pathlib import Path
from typing import Final

import pytest

FOLDER: Final = Path(__file__).resolve().parents[3] / "shared" / "providers"


def published(name: str) -> Path:
    """One of the published files. Only where there are none at all its test is skipped: a file that
    is gone or renamed fails it."""
    if not FOLDER.is_dir():
        pytest.skip("the providers' publications are not beside the project")
    path = FOLDER / name
    assert path.is_file(), f"{name} is not among the publications"
    return path
