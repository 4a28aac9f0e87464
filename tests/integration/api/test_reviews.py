"""Reviews through the real platform: an operator decides from the command line while it runs."""

import os
import subprocess
import sys

import asyncpg
import pytest

from bench.platform import Platform

pytestmark = pytest.mark.enable_socket

BALANCE = "{ wallet { available { posted reserved earmarked spendable } } }"
ROW = "query ($id: ID!) { transaction(id: $id) { state waitingOn fundsLocation } }"


class Operator:
    """Somebody with a shell beside the running platform."""

    def __init__(self, platform: Platform) -> None:
        self._url = platform.ready.database_url

    def does(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "infrastructure.cli", *arguments],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
            env={"PATH": os.environ["PATH"], "DATABASE_URL": self._url},
        )

    async def rates(self, username: str, tier: str) -> None:
        """A riskier user needs approval from a lower line on."""
        connection = await asyncpg.connect(self._url)
        try:
            await connection.execute("SET ROLE diboas_owner")
            await connection.execute(
                "UPDATE app_user SET risk_tier = $2, country = 'XX' WHERE username = $1",
                username,
                tier,
            )
        finally:
            await connection.close()
