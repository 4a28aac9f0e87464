"""What is Ethereum's own: typed transactions, tokens, approvals, gas, nonces and reverts."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from eth_utils.crypto import keccak

from domain.provider.ports.answers import Declined
from domain.provider.ports.chain import (
    Movement,
    Presence,
    Signed,
)
from domain.provider.ports.unsigned import EthereumCall
from domain.shared.assets import ETH, PAXG, XAUT
from infrastructure.chains.ethereum import gateway as gateways
from infrastructure.chains.ethereum import tokens
from tests.contracts.chains.stages import (
    EthereumWallet,
    SimulatedNode,
    Stage,
    ethereum_stage,
    got,
    typed_fields,
)

ROUTER = "0x1231DEB6f5749EF6cE6943a275A1D3E7486F4EaE"


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with ethereum_stage() as found:
        yield found


@pytest.fixture
def node(stage: Stage) -> SimulatedNode:
    assert isinstance(stage.simulator, SimulatedNode)
    return stage.simulator


async def funded(stage: Stage, **assets: int) -> EthereumWallet:
    wallet = EthereumWallet()
    known = {"ETH": ETH, "PAXG": PAXG, "XAUT": XAUT}
    for symbol, amount in assets.items():
        await stage.simulator.fund(wallet.address, known[symbol], amount)
    return wallet


# ---------------------------------------------------------------------- gas and fees


async def test_what_can_be_spent_is_shown_as_the_most_it_costs(stage: Stage) -> None:
    sender = await funded(stage, ETH=10**18)
    transfer = await stage.transfer(sender, stage.account().address)
    fee = got(await stage.gateway.network_fee(transfer))

    # Twice the base fee of 5 gwei, and the tip of 1 gwei.
    assert (fee.rate, fee.amount) == (11 * 10**9, 21_000 * 11 * 10**9)
    signed = await stage.signed(sender, stage.account().address)
    got(await stage.gateway.broadcast(signed))
    await stage.simulator.mine(1)
    assert got(await stage.gateway.sighting(signed.transaction_hash)).fee == 21_000 * 6 * 10**9


async def test_a_rate_below_the_base_fee_is_declined(stage: Stage) -> None:
    transfer = await stage.transfer(await stage.funded(), stage.account().address)

    answer = await stage.gateway.prepare_transfer(replace(transfer, fee_rate=5 * 10**9 - 1))

    assert isinstance(answer, Declined)
    assert answer.code == "TXN_COST_ROSE"


async def test_a_wallet_with_a_token_and_no_gas_is_told_so() -> None:
    async with ethereum_stage(XAUT) as stage:
        sender = await funded(stage, XAUT=10**9)
        transfer = replace(await stage.transfer(sender, stage.account().address), amount=10**6)

        assert got(await stage.gateway.network_fee(transfer)).amount > 0
        answer = await stage.gateway.prepare_transfer(transfer)

    assert isinstance(answer, Declined)
    assert answer.code == "TXN_GAS_MISSING"


async def test_all_ether_leaves_nothing_for_gas(stage: Stage) -> None:
    sender = await funded(stage, ETH=10**18)
    transfer = await stage.transfer(sender, stage.account().address, 10**18)

    answer = await stage.gateway.prepare_transfer(transfer)

    assert isinstance(answer, Declined)
    assert answer.code == "TXN_INSUFFICIENT_BALANCE"


@pytest.mark.parametrize("recipient", ["0x" + 40 * "0", XAUT.contract])
async def test_nothing_is_sent_where_nobody_owns_it(recipient: str) -> None:
    async with ethereum_stage(XAUT) as stage:
        transfer = await stage.transfer(await stage.funded(), stage.account().address)

        answer = await stage.gateway.prepare_transfer(replace(transfer, recipient=recipient))

    assert isinstance(answer, Declined)
    assert answer.code == "TXN_ADDRESS_UNSUITABLE"


async def test_nonces_follow_what_is_pending(stage: Stage) -> None:
    sender = await funded(stage, ETH=10**18)
    names = []
    for _ in range(3):
        prepared = await stage.prepared(sender, stage.account().address)
        names.append(prepared.inputs)
        got(await stage.gateway.broadcast(stage.accept(prepared, sender)))

    assert names == [(f"{sender.address}:{nonce}",) for nonce in range(3)]


async def test_a_replacement_that_pays_more_supersedes(stage: Stage) -> None:
    sender = await funded(stage, ETH=10**18)
    prepared = await stage.prepared(sender, stage.account().address)
    cheap = stage.accept(prepared, sender)
    fields = typed_fields(prepared.payload)
    dearer = {
        **fields,
        "value": 1,
        "maxFeePerGas": 2 * 11 * 10**9,
        "maxPriorityFeePerGas": 2 * 10**9,
    }
    raw = bytes(sender.account.sign_transaction(dearer).raw_transaction)
    got(await stage.gateway.broadcast(cheap))

    got(await stage.gateway.broadcast(Signed(raw=raw, transaction_hash="0x" + keccak(raw).hex())))
    await stage.simulator.mine(stage.final_blocks)

    seen = got(await stage.gateway.sighting(cheap.transaction_hash, inputs=prepared.inputs))
    assert seen.presence is Presence.SUPERSEDED


# ---------------------------------------------------------------------- reverts


async def test_a_transfer_that_its_token_refuses_is_reverted_once_it_is_final() -> None:
    """Two transfers of all tokens, signed before either landed."""
    async with ethereum_stage(XAUT) as stage:
        sender = await funded(stage, ETH=10**18, XAUT=10**9)
        first = await stage.prepared(sender, stage.account().address, 10**9)
        fields = {**typed_fields(first.payload), "nonce": 1}
        raw = bytes(sender.account.sign_transaction(fields).raw_transaction)
        second = Signed(raw=raw, transaction_hash="0x" + keccak(raw).hex())
        got(await stage.gateway.broadcast(stage.accept(first, sender)))
        got(await stage.gateway.broadcast(second))

        await stage.simulator.mine(1)
        before = got(await stage.gateway.sighting(second.transaction_hash))
        await stage.simulator.mine(stage.final_blocks)
        after = got(await stage.gateway.sighting(second.transaction_hash))

        assert (before.presence, after.presence) == (Presence.INCLUDED, Presence.REVERTED)
        assert after.fee
        assert await stage.gateway.movements(second.transaction_hash) == ()


async def test_a_call_that_would_revert_is_declined(stage: Stage, node: SimulatedNode) -> None:
    sender = await funded(stage, ETH=10**18)
    await node.order("contract", address=ROUTER, reverts=True)

    answer = await stage.gateway.prepare_call(
        sender.address, EthereumCall(to=ROUTER, data=b"\x01", value=0)
    )

    assert isinstance(answer, Declined)
    assert answer.code == "TXN_SIMULATION_FAILED"


# ---------------------------------------------------------------------- providers' calls


async def test_a_call_is_prepared_as_it_was_given(stage: Stage) -> None:
    sender = await funded(stage, ETH=10**18)
    call = EthereumCall(to=ROUTER.lower(), data=b"\xde\xad", value=10**15, gas_limit=400_000)

    prepared = got(await stage.gateway.prepare_call(sender.address, call))

    fields = typed_fields(prepared.payload)
    assert (fields["to"], fields["value"], fields["data"]) == (ROUTER, 10**15, b"\xde\xad")
    assert fields["gas"] == 400_000
    signed = stage.accept(prepared, sender)
    got(await stage.gateway.broadcast(signed))
    await stage.simulator.mine(1)
    moved = got(await stage.gateway.movements(signed.transaction_hash))
    assert moved == (Movement(index=0, asset="ETH", address=ROUTER, amount=10**15),)


async def test_a_spender_is_allowed_first_and_exactly_what_it_needs(stage: Stage) -> None:
    sender = await funded(stage, ETH=10**18, PAXG=10**18)
    call = EthereumCall(
        to=ROUTER,
        data=b"\x01",
        value=0,
        token=PAXG.contract,
        spender=ROUTER,
        allowance=3 * 10**17,
    )

    approval = got(await stage.gateway.prepare_call(sender.address, call))
    fields = typed_fields(approval.payload)
    assert fields["to"] == PAXG.contract
    assert fields["data"] == tokens.approve(ROUTER, 3 * 10**17)

    got(await stage.gateway.broadcast(stage.accept(approval, sender)))
    await stage.simulator.mine(1)
    prepared = got(await stage.gateway.prepare_call(sender.address, call))
    assert typed_fields(prepared.payload)["to"] == ROUTER
    # A call that needs more asks again.
    more = got(
        await stage.gateway.prepare_call(sender.address, replace(call, allowance=4 * 10**17))
    )
    assert typed_fields(more.payload)["to"] == PAXG.contract


@pytest.mark.parametrize(
    "changes",
    [
        {"to": "0x1231DEB6f5749EF6cE6943a275A1D3E7486F4EaF"},
        {"to": ""},
        {"spender": ROUTER, "token": None, "allowance": 1},
        {"spender": "nobody", "token": PAXG.contract, "allowance": 1},
        {"gas_limit": gateways.GAS_LIMIT_MAX + 1},
        # Whatever the sender has of a token, ours or another.
        {"to": PAXG.contract, "data": tokens.transfer(ROUTER, 10**18)},
        {"to": PAXG.contract, "data": b"\x01"},
        {"data": tokens.transfer(ROUTER, 10**18)},
        {"data": tokens.approve(ROUTER, 2**256 - 1)},
    ],
)
async def test_calls_that_make_no_sense_are_declined(
    stage: Stage, changes: dict[str, object]
) -> None:
    sender = await funded(stage, ETH=10**18)
    call = replace(EthereumCall(to=ROUTER, data=b"", value=0), **changes)  # type: ignore[arg-type]  # fields of its own

    answer = await stage.gateway.prepare_call(sender.address, call)

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_RESPONSE_INVALID"


# ---------------------------------------------------------------------- tokens


def test_the_names_of_functions_and_logs() -> None:
    """As published for ERC-20."""
    assert tokens.TRANSFER.hex() == "a9059cbb"
    assert tokens.APPROVE.hex() == "095ea7b3"
    assert tokens.BALANCE_OF.hex() == "70a08231"
    assert tokens.ALLOWANCE.hex() == "dd62ed3e"
    assert tokens.TRANSFER_TOPIC == (
        "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
    )


async def test_a_log_keeps_its_place_whatever_else_the_block_holds() -> None:
    async with ethereum_stage(PAXG) as stage:
        others = [await stage.funded(), await stage.funded()]
        for wallet in others:
            recipient = stage.account().address
            got(await stage.gateway.broadcast(await stage.signed(wallet, recipient)))
        sender, recipient = await stage.funded(), stage.account().address
        signed = await stage.signed(sender, recipient)
        got(await stage.gateway.broadcast(signed))
        await stage.simulator.mine(1)

        moved = got(await stage.gateway.movements(signed.transaction_hash))

    expected = Movement(index=1, asset="PAXG", address=recipient, amount=stage.amount)
    assert moved == (expected,)
