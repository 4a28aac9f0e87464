"""A platform on which people have little time to sign and to pay."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bench.platform import Platform
from infrastructure.services.policy import FIGURES_FILE
from tests.integration.api.client import Person, demo_people, loopback, renew
from tests.integration.conftest import SharedPlatform

WINDOW_SECONDS = 20
_TIMES = re.compile(r"^(approval_window_seconds|payment_page_seconds) = .*$", re.MULTILINE)


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("waiting") / "data"


@pytest.fixture(scope="session")
def figures_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The product's own but for these times."""
    file = tmp_path_factory.mktemp("figures") / "figures.toml"
    text, changed = _TIMES.subn(rf"\1 = {WINDOW_SECONDS}", FIGURES_FILE.read_text())
    assert changed == 2
    file.write_text(text)
    return file


@pytest.fixture
def platform(shared_platform: SharedPlatform, data_dir: Path, figures_file: Path) -> Platform:
    return shared_platform.of(data_dir, {"DIBOAS_FIGURES_FILE": str(figures_file)})


@pytest.fixture
async def alice(platform: Platform) -> AsyncIterator[Person]:
    async with loopback() as http:
        person = demo_people(platform.ready, http)["alice"]
        await renew(person)
        yield person
