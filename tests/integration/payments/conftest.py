"""One platform for all tests, on a chain that is fast and without faults before each."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bench.platform import Platform
from tests.integration.conftest import SharedPlatform
from tests.integration.payments.payer import Payer

PATIENCE_SECONDS = 4
QUICK = {
    f"DIBOAS_INBOUND_{chain}_SECONDS": "0.3" for chain in ("SOLANA", "BITCOIN", "ETHEREUM", "SUI")
} | {"DIBOAS_INBOUND_PATIENCE_SECONDS": str(PATIENCE_SECONDS)}
"""Nobody waits here for what comes in by itself."""


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("payments") / "data"


@pytest.fixture
def platform(shared_platform: SharedPlatform, data_dir: Path) -> Platform:
    return shared_platform.of(data_dir, QUICK)


@pytest.fixture
def alice(platform: Platform) -> Iterator[Payer]:
    with httpx.Client(trust_env=False, timeout=20) as http:
        payer = Payer(ready=platform.ready, name="alice", http=http)
        payer.control("solana/timing", {"confirm_ms": 0, "finalize_ms": 0})
        payer.clear_faults()
        payer.forget_breakers()
        yield payer
        payer.clear_faults()
