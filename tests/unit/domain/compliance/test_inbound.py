"""Money that came in by itself: from anybody to Available, from the sanctioned to suspense."""

from dataclasses import replace

import pytest

from domain.contracts.commands import BookDepositCommand
from domain.contracts.events import BlockedDepositReceived, UnannouncedDepositReceived
from domain.shared.accounts import available, suspense
from domain.shared.ids import StreamId
from domain.shared.stream import Stream
from domain.wallet.handlers import book_deposit
from tests.unit.domain.send.journey import ALICE_WALLET, FACTS, TRANSACTION

STREAM = Stream(id=StreamId(TRANSACTION), wallet_id=ALICE_WALLET)
COMMAND = BookDepositCommand(
    asset="USDC", signature="signature", instruction=0, account="alices-account", amount=7_000_000
)


@pytest.mark.parametrize("senders", [(), ("somebody",)])
def test_from_anybody_it_is_spendable(senders: tuple[str, ...]) -> None:
    decision = book_deposit(STREAM, replace(COMMAND, senders=senders), FACTS)

    assert isinstance(decision.events[0], UnannouncedDepositReceived)
    assert decision.postings[1].account == available(ALICE_WALLET)


@pytest.mark.parametrize("senders", [("sanctioned",), ("somebody", "sanctioned")])
def test_from_a_sanctioned_address_it_is_in_suspense(senders: tuple[str, ...]) -> None:
    decision = book_deposit(STREAM, replace(COMMAND, senders=senders), FACTS)

    (blocked,) = decision.events
    assert isinstance(blocked, BlockedDepositReceived)
    assert (blocked.amount, blocked.senders) == (7_000_000, senders)
    booked = {posting.account: posting.posted for posting in decision.postings}
    assert booked[suspense(ALICE_WALLET, "USDC")] == 7_000_000
    assert available(ALICE_WALLET) not in booked
    assert sum(booked.values()) == 0
    assert len(decision.claims) == 1
