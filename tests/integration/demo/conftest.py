"""One platform for everything that is shown."""

from pathlib import Path

import pytest

from bench.platform import Platform
from tests.integration.conftest import SharedPlatform


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "data"


@pytest.fixture
def platform(shared_platform: SharedPlatform, data_dir: Path) -> Platform:
    return shared_platform.of(data_dir)
