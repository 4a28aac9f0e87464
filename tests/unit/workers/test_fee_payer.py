import logging
from dataclasses import dataclass

import pytest

from infrastructure.chains.solana.errors import RpcError, RpcUnavailable
from infrastructure.workers.fee_payer import FeePayerWatch

WANTED = 1_000


@dataclass
class Account:
    """A fee payer with that much, or a node that fails so."""

    answer: int | RpcError

    async def fee_payer_lamports(self) -> int:
        if isinstance(self.answer, RpcError):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("answer", "levels"),
    [
        (WANTED, []),
        (WANTED - 1, [logging.ERROR]),
        (RpcUnavailable("away"), [logging.WARNING]),
    ],
)
async def test_the_alarm_is_raised_while_it_is_low(
    answer: int | RpcError, levels: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    watch = FeePayerWatch(Account(answer), lamports_min=WANTED)
    await watch.look()
    await watch.look()
    assert [record.levelno for record in caplog.records] == levels * 2
