"""From one chain to another: LI.FI and deBridge, followed from the payment to the end."""

import logging
from dataclasses import replace

import pytest

from domain.provider.ports.answers import Declined
from domain.provider.ports.dex import SwapBuilt, SwapQuote, SwapState, SwapStatus, SwapTrace
from domain.provider.ports.unsigned import (
    BitcoinPsbt,
    EthereumCall,
    SolanaTransaction,
    SuiTransaction,
)
from domain.shared.assets import BTC, ETH, PAXG, SOL, SUI, USDC, XAUT, Asset
from infrastructure.providers.debridge.adapter import DebridgeSwaps
from infrastructure.providers.lifi.adapter import LifiSwaps
from infrastructure.sandbox.market import Credit
from tests.contracts.dex.cases import (
    BITCOIN_ADDRESS,
    ETHEREUM_ADDRESS,
    PSBT,
    DexWorld,
    good,
)

BRIDGES = ("lifi", "debridge")


@pytest.fixture(params=BRIDGES)
def bridge(request: pytest.FixtureRequest, world: DexWorld) -> LifiSwaps | DebridgeSwaps:
    return world.lifi() if request.param == "lifi" else world.debridge()


async def built(bridge: LifiSwaps | DebridgeSwaps, quote: SwapQuote) -> SwapBuilt:
    answer = await bridge.build_swap(quote)
    assert isinstance(answer, SwapBuilt), answer
    return answer


async def status(bridge: LifiSwaps | DebridgeSwaps, trace: SwapTrace) -> SwapStatus:
    answer = await bridge.check_swap_status(trace)
    assert isinstance(answer, SwapStatus), answer
    return answer


async def paid(world: DexWorld, bridge: LifiSwaps | DebridgeSwaps) -> tuple[SwapQuote, SwapTrace]:
    """USDC on Solana for ETH, the user's payment landed in the real runtime."""
    request = world.request(USDC, ETH, 100_000_000)
    quote = good(await bridge.get_quote(request))
    swap = await built(bridge, quote)
    assert isinstance(swap.unsigned, SolanaTransaction)
    transaction_hash = world.land(world.signed(swap.unsigned.wire))
    trace = SwapTrace(request=request, transaction_hash=transaction_hash, reference=swap.reference)
    return quote, trace


async def settle(world: DexWorld, name: str, trace: SwapTrace, outcome: str) -> None:
    order = {"id": trace.reference, "outcome": outcome}
    await world.simulate(f"{name}/_simulate/outcome", order)


async def test_a_payment_that_landed_is_found_and_delivered_once(
    world: DexWorld, bridge: LifiSwaps | DebridgeSwaps
) -> None:
    quote, trace = await paid(world, bridge)
    by_hash = replace(trace, reference=None)

    assert (await status(bridge, by_hash)).state is SwapState.PENDING
    world.providers.skip(minutes=5)
    first = await status(bridge, by_hash)
    again = await status(bridge, trace)

    assert first.state is again.state is SwapState.DELIVERED
    assert first.source_transaction_hash == trace.transaction_hash
    (delivery,) = world.chains.deliveries
    assert (delivery.asset, delivery.chain, delivery.address) == (
        "ETH",
        "ETHEREUM",
        ETHEREUM_ADDRESS,
    )
    assert quote.target_minimum <= delivery.amount == quote.target_amount


async def test_before_the_payment_there_is_nothing(
    world: DexWorld, bridge: LifiSwaps | DebridgeSwaps
) -> None:
    request = world.request(USDC, ETH, 100_000_000)
    swap = await built(bridge, good(await bridge.get_quote(request)))
    trace = SwapTrace(request=request, transaction_hash="5" * 64, reference=swap.reference)

    assert (await status(bridge, trace)).state is SwapState.NOT_FOUND


async def test_a_refund(world: DexWorld, bridge: LifiSwaps | DebridgeSwaps) -> None:
    _quote, trace = await paid(world, bridge)
    await status(bridge, replace(trace, reference=None))
    await settle(world, bridge.name, trace, "refund")

    found = await status(bridge, trace)

    assert found.state is SwapState.REFUNDED
    (delivery,) = world.chains.deliveries
    assert (delivery.asset, delivery.amount) == ("USDC", 100_000_000)
    assert delivery.address == str(world.user.pubkey())


async def test_a_state_that_nobody_knows(
    world: DexWorld, bridge: LifiSwaps | DebridgeSwaps, caplog: pytest.LogCaptureFixture
) -> None:
    _quote, trace = await paid(world, bridge)
    await status(bridge, replace(trace, reference=None))
    told = {"id": trace.reference, "status": "TELEPORTED"}
    await world.simulate(f"{bridge.name}/_simulate/status", told)

    with caplog.at_level(logging.WARNING):
        found = await status(bridge, trace)

    assert found.state is SwapState.UNRECOGNISED
    assert "TELEPORTED" in caplog.text


async def test_an_old_quote_is_not_built(
    world: DexWorld, bridge: LifiSwaps | DebridgeSwaps
) -> None:
    quote = good(await bridge.get_quote(world.request(USDC, ETH, 100_000_000)))
    world.providers.skip(minutes=2)

    answer = await bridge.build_swap(quote)

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_QUOTE_EXPIRED"


@pytest.mark.parametrize("target", [PAXG, XAUT, ETH], ids=lambda asset: asset.symbol)
async def test_bridges_reach_every_asset_of_ethereum(
    world: DexWorld, bridge: LifiSwaps | DebridgeSwaps, target: Asset
) -> None:
    quote = good(await bridge.get_quote(world.request(USDC, target, 50_000_000)))

    assert quote.target_minimum > 0
    assert sum(fee.amount for fee in quote.fees if fee.asset == "USDC") > 0


@pytest.mark.parametrize("source", [ETH, PAXG], ids=lambda asset: asset.symbol)
async def test_a_call_on_ethereum(
    world: DexWorld, bridge: LifiSwaps | DebridgeSwaps, source: Asset
) -> None:
    request = world.request(source, USDC, 10**17)
    swap = await built(bridge, good(await bridge.get_quote(request)))

    call = swap.unsigned
    assert isinstance(call, EthereumCall)
    assert len(call.data) == (36 if source == ETH else 100)
    if source == ETH:
        assert call.value >= 10**17
        assert (call.token, call.spender, call.allowance) == (None, None, 0)
    else:
        assert (call.token, call.spender, call.allowance) == (PAXG.contract, call.to, 10**17)

    await world.simulate(
        f"{bridge.name}/_simulate/deposit", {"id": swap.reference, "tx_hash": "0xabc"}
    )
    trace = SwapTrace(request=request, transaction_hash="0xabc", reference=swap.reference)
    assert (await status(bridge, trace)).state is SwapState.PENDING


async def test_lifi_pays_bitcoin_with_a_psbt_and_sui_with_its_own_form(world: DexWorld) -> None:
    bridge = world.lifi()
    bitcoin = await built(bridge, good(await bridge.get_quote(world.request(BTC, SOL, 10**6))))
    sui = await built(bridge, good(await bridge.get_quote(world.request(SUI, USDC, 10**11))))

    assert bitcoin.unsigned == BitcoinPsbt(psbt=PSBT)
    assert sui.unsigned == SuiTransaction(transaction=PSBT)


async def test_lifi_delivers_bitcoin_that_another_chains_payment_bought(world: DexWorld) -> None:
    bridge = world.lifi()
    request = world.request(SUI, BTC, 10**12)
    swap = await built(bridge, good(await bridge.get_quote(request)))
    world.chains.told["digest"] = (Credit(f"SUI:{swap.reference}", "SUI", 10**12),)
    trace = SwapTrace(request=request, transaction_hash="digest")
    assert (await status(bridge, trace)).state is SwapState.PENDING

    world.providers.skip(minutes=30)
    found = await status(bridge, trace)

    assert found.state is SwapState.DELIVERED
    (delivery,) = world.chains.deliveries
    assert (delivery.chain, delivery.address) == ("BITCOIN", BITCOIN_ADDRESS)
    assert (found.received, found.received_asset) == (delivery.amount, "BTC")
    assert found.target_transaction_hash == delivery.transaction_hash


async def test_lifi_too_little_paid_is_no_payment(world: DexWorld) -> None:
    bridge = world.lifi()
    request = world.request(SUI, BTC, 10**12)
    swap = await built(bridge, good(await bridge.get_quote(request)))
    world.chains.told["digest"] = (Credit(f"SUI:{swap.reference}", "SUI", 10**12 - 1),)

    trace = SwapTrace(request=request, transaction_hash="digest")

    assert (await status(bridge, trace)).state is SwapState.NOT_FOUND


@pytest.mark.parametrize(
    ("outcome", "state"),
    [("partial", SwapState.PARTIAL), ("fail", SwapState.FAILED), ("deliver", SwapState.DELIVERED)],
)
async def test_lifi_other_ends(world: DexWorld, outcome: str, state: SwapState) -> None:
    bridge = world.lifi()
    quote, trace = await paid(world, bridge)
    await status(bridge, trace)
    await settle(world, "lifi", trace, outcome)

    found = await status(bridge, trace)

    assert found.state is state
    if state is SwapState.PARTIAL:
        assert found.received == quote.target_amount // 2


async def test_lifi_done_alone_is_no_delivery(world: DexWorld) -> None:
    bridge = world.lifi()
    _quote, trace = await paid(world, bridge)
    await status(bridge, trace)
    await world.simulate("lifi/_simulate/status", {"id": trace.reference, "status": "DONE"})

    assert (await status(bridge, trace)).state is SwapState.UNRECOGNISED


async def test_lifi_completed_without_the_asset_is_no_delivery(world: DexWorld) -> None:
    """It says COMPLETED before anything was paid out."""
    bridge = world.lifi()
    _quote, trace = await paid(world, bridge)
    await status(bridge, trace)
    told = {"id": trace.reference, "status": "DONE", "substatus": "COMPLETED"}
    await world.simulate("lifi/_simulate/status", told)

    assert (await status(bridge, trace)).state is SwapState.UNRECOGNISED


async def test_lifi_tells_what_really_arrived(world: DexWorld) -> None:
    bridge = world.lifi()
    quote, trace = await paid(world, bridge)
    world.providers.fault("wrong_amount", "lifi", operations=["deliver"], millionths=500_000)
    await status(bridge, trace)
    world.providers.skip(minutes=5)

    found = await status(bridge, trace)

    assert found.received == quote.target_amount // 2 < quote.target_minimum


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("None", SwapState.NOT_FOUND),
        ("Created", SwapState.PENDING),
        ("Fulfilled", SwapState.DELIVERED),
        ("SentUnlock", SwapState.DELIVERED),
        ("ClaimedUnlock", SwapState.DELIVERED),
        ("OrderCancelled", SwapState.PENDING),
        ("SentOrderCancel", SwapState.PENDING),
        ("ClaimedOrderCancel", SwapState.REFUNDED),
    ],
)
async def test_debridge_states(world: DexWorld, said: str, state: SwapState) -> None:
    bridge = world.debridge()
    _quote, trace = await paid(world, bridge)
    await world.simulate("debridge/_simulate/status", {"id": trace.reference, "status": said})

    assert (await status(bridge, trace)).state is state


async def test_debridge_knows_solana_and_ethereum_alone(world: DexWorld) -> None:
    for source, target in ((USDC, SUI), (BTC, ETH), (USDC, SOL)):
        answer = await world.debridge().get_quote(world.request(source, target))
        assert isinstance(answer, Declined)
        assert answer.code == "PRV_UNSUPPORTED"


async def test_too_small_an_amount_is_a_limit(
    world: DexWorld, bridge: LifiSwaps | DebridgeSwaps
) -> None:
    answer = await bridge.get_quote(world.request(USDC, ETH, 10_000))

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_LIMIT"
    assert answer.provider_code in {"AMOUNT_TOO_LOW", "ERROR_LOW_GIVE_AMOUNT"}
