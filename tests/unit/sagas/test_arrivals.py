"""What providers deliver, as the chains show it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import pytest

from domain.provider.effects import Moved
from domain.provider.ports.answers import NotAttempted, Setback
from domain.provider.ports.chain import ChainGateway, Credit, Movement, Presence, Sighting
from domain.shared.assets import BTC, ETH, PAXG, SOL, USDC, Chain
from infrastructure.chains.credits import credited_to, credits_of
from infrastructure.chains.solana.addresses import (
    USDC_MINT,
    associated_token_account,
    parse_address,
)
from infrastructure.chains.solana.errors import RpcError, RpcTimeout
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.chains.solana.model import Footprint, LamportMovement, TokenMovement
from infrastructure.sagas.arrivals import Arrivals, Astray, Found

OWNER = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"
TOKENS = str(associated_token_account(parse_address(OWNER)))


@dataclass
class Node:
    """A chain with one transaction; its addresses are in lower case."""

    movements: Sequence[Movement] = ()
    presence: Presence = Presence.FINAL
    setback: Setback | None = None

    def parse_address(self, text: str) -> str:
        return text.lower()

    async def sighting(self, _transaction_hash: str) -> Sighting:
        return Sighting(presence=self.presence)

    async def received(
        self, transaction_hash: str, addresses: Sequence[str]
    ) -> tuple[Credit, ...] | Setback:
        taken = {(one.asset, "sender"): one.amount for one in self.movements}
        found = credits_of(transaction_hash, self.movements, taken=taken)
        return self.setback or credited_to(found, addresses)


@dataclass
class Solana:
    left: Footprint | None = None
    error: RpcError | None = None
    asked_at: list[str] = field(default_factory=list)

    async def footprint(self, _signature: str, commitment: str) -> Footprint | None:
        self.asked_at.append(commitment)
        if self.error is not None:
            raise self.error
        return self.left


def arrivals(node: Node | None = None, solana: Solana | None = None) -> Arrivals:
    chains = {} if node is None else dict.fromkeys(Chain, cast("ChainGateway", node))
    return Arrivals(chains, cast("SolanaGateway", solana or Solana()))


def paid(index: int, amount: int, asset: str = "BTC", address: str = "alice") -> Movement:
    return Movement(index=index, asset=asset, address=address, amount=amount)


async def test_all_outputs_of_a_delivery_count() -> None:
    node = Node([paid(0, 5, address="bob"), paid(1, 30), paid(2, 12), paid(4, 8)])

    found = await arrivals(node).find(BTC, "ALICE", "hash")

    assert found == Found(
        moved=Moved(amount=50, instruction=1, account="alice"), senders=("sender",)
    )


FINAL = {Presence.FINAL, Presence.REVERTED}


async def test_what_was_reverted_is_final_and_has_brought_nothing() -> None:
    node = Node([paid(0, 5)], Presence.REVERTED)

    assert await arrivals(node).find(ETH, "alice", "hash") == Astray()


@pytest.mark.parametrize("presence", [one for one in Presence if one not in FINAL])
async def test_what_is_not_final_is_not_there(presence: Presence) -> None:
    assert await arrivals(Node([paid(0, 5)], presence)).find(BTC, "alice", "hash") is None


async def test_a_chain_that_cannot_be_asked_tells_nothing() -> None:
    node = Node([paid(0, 5)], setback=NotAttempted(reason="down"))

    assert await arrivals(node).find(BTC, "alice", "hash") is None
    assert await arrivals().find(BTC, "alice", "hash") is None


async def test_another_asset_is_told_with_what_it_was() -> None:
    node = Node([paid(2, 7, asset="PAXG"), paid(0, 5, asset="ETH", address="bob")])

    found = await arrivals(node).find(ETH, "alice", "hash")

    assert isinstance(found, Astray)
    assert found.instead is not None
    assert (found.instead.asset, found.instead.amount, found.instead.index) == ("PAXG", 7, 2)
    assert "PAXG" in found.reason
    bought = await arrivals(node).find(PAXG, "alice", "hash")
    assert isinstance(bought, Found)


async def test_another_address_is_told_without() -> None:
    node = Node([paid(0, 5, address="bob")])

    assert await arrivals(node).find(BTC, "alice", "hash") == Astray()


def token(account: str, delta: int, owner: str) -> TokenMovement:
    return TokenMovement(
        account=account,
        owner=owner,
        mint=str(USDC_MINT),
        delta_base_units=delta,
        instruction_index=3,
    )


async def test_on_solana_usdc_is_on_the_owners_account_and_its_sender_named() -> None:
    left = Footprint(
        movements=(token("theirs", -9, "sender"), token(TOKENS, 9, OWNER)), lamports_spent=5
    )
    solana = Solana(left)

    found = await arrivals(solana=solana).find(USDC, OWNER, "signature")

    moved = Moved(amount=9, instruction=3, account=TOKENS)
    assert found == Found(moved=moved, senders=("sender", "theirs"))
    assert solana.asked_at == ["finalized"]


async def test_sol_in_place_of_usdc_is_told() -> None:
    lamports = (
        LamportMovement(account="sender", delta_lamports=-9, instruction_index=0),
        LamportMovement(account=OWNER, delta_lamports=4, instruction_index=0),
    )
    solana = Solana(Footprint(movements=(), lamports_spent=5, lamports=lamports))

    found = await arrivals(solana=solana).find(USDC, OWNER, "signature")

    assert isinstance(found, Astray)
    assert found.instead is not None
    assert (found.instead.asset, found.instead.address) == (SOL.symbol, OWNER)
    assert found.instead.senders == ("sender",)


@pytest.mark.parametrize(
    "solana",
    [
        Solana(),
        Solana(Footprint(movements=(), lamports_spent=0)),
        Solana(error=RpcTimeout("slow")),
    ],
)
async def test_what_solana_does_not_show_is_not_there(solana: Solana) -> None:
    assert await arrivals(solana=solana).find(USDC, OWNER, "signature") is None
