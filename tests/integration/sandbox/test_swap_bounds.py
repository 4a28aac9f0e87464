"""What a swap's provider wrote is signed by nobody where it takes more than was asked, or brings less:
not shown where it does so when it is built, and not co-signed where it does so by then."""

import base64
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

import pytest
from solders.account import Account
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from solders.token.state import TokenAccount, TokenAccountState

from domain.contracts.events import NetworkCost, SolPrice, UserActionRequired
from domain.contracts.swap_events import BlockchainSwapRequested, SwapTerms
from domain.provider.effects import BuildOutcome, Built, Claimed, Declined
from domain.provider.errors import ActionRefused
from domain.provider.failures import FAILURES_MAX
from domain.provider.handlers import on_built
from domain.provider.leg import NO_EFFECT
from domain.provider.ports.dex import DEXProvider, SwapBuilt, SwapQuote, SwapRequest
from domain.provider.ports.unsigned import SolanaInstructions
from domain.shared.ids import ActionId, StreamId, UserId
from domain.shared.stream import Stream
from infrastructure.chains.solana.addresses import (
    TOKEN_PROGRAM,
    associated_token_account,
)
from infrastructure.chains.solana.building import transfer_usdc
from infrastructure.chains.solana.trial import Bounds, Trial, breach
from infrastructure.providers.solana_review import given
from infrastructure.sagas.engine import SagaEngine
from infrastructure.sagas.swaps import PromisedSwaps, SwapLeg
from infrastructure.services.approvals import ApprovalDesk
from tests.integration.sandbox.conftest import World
from tests.streams import NOW, stream_of
from tests.unit.domain.send.journey import FACTS

AMOUNT, LESS, FEE = 10_000_000, 60_000, 20_000
USER = UserId(UUID(int=3))
OTHER_MINT, OTHER_ACCOUNT, THIEF = (Pubkey([place] * 32) for place in (71, 72, 73))


@dataclass
class Exchange:
    """A provider of whatever instructions; `reference` where it says that it delivers later."""

    instructions: Sequence[Instruction]
    reference: str | None = "order"

    async def get_quote(self, request: SwapRequest) -> SwapQuote:
        return SwapQuote(
            request=request,
            target_amount=LESS + 1,
            target_minimum=LESS,
            fees=(),
            route=(),
            expires_at=NOW + timedelta(minutes=1),
            estimated_seconds=1,
            terms={},
        )

    async def build_swap(self, _quote: SwapQuote) -> SwapBuilt:
        written = SolanaInstructions(instructions=tuple(map(given, self.instructions)))
        return SwapBuilt(unsigned=written, reference=self.reference)


class AllMayGoOn:
    async def rejection(self, provider: str) -> None:
        del provider


def requested(world: World, **changes: object) -> BlockchainSwapRequested:
    alice = str(world.alice.pubkey())
    swap = SwapTerms(
        provider="exchange",
        source="USDC",
        target="BTC",
        amount=AMOUNT,
        target_amount=LESS + 1,
        target_minimum=LESS,
        slippage_millionths=5_000,
        sender_address=alice,
        recipient_address="bc1q",
        platform_fee=FEE,
    )
    return BlockchainSwapRequested(
        effect_id=NO_EFFECT,
        signer_address=alice,
        network_cost=NetworkCost(
            network_fee_lamports=10_000,
            rent_lamports=0,
            total_base_units=1_500,
            price=SolPrice(micro_usd=150_000_000, source="test", at=NOW),
        ),
        approval_deadline=NOW + timedelta(minutes=15),
        swap=replace(swap, **changes),  # type: ignore[arg-type]  # the tests name real fields
    )


def paid(world: World, base_units: int = AMOUNT) -> Instruction:
    treasury, alice = world.treasury.pubkey(), world.alice.pubkey()
    return transfer_usdc(
        source=associated_token_account(alice),
        target=associated_token_account(treasury),
        owner=alice,
        base_units=base_units,
    )


def of_token(
    data: bytes, *accounts: Pubkey, owner: Pubkey, program: Pubkey = TOKEN_PROGRAM
) -> Instruction:
    named = [AccountMeta(each, is_signer=False, is_writable=True) for each in accounts]
    return Instruction(
        program, data, [*named, AccountMeta(owner, is_signer=True, is_writable=False)]
    )


def other_token(
    world: World, address: Pubkey, owner: Pubkey, delegate: Pubkey | None = None
) -> None:
    """An account of a token that is none of ours."""
    state = TokenAccount(
        mint=OTHER_MINT,
        owner=owner,
        amount=100,
        delegate=delegate,
        state=TokenAccountState.Initialized,
        is_native=None,
        delegated_amount=100 if delegate else 0,
        close_authority=None,
    )
    account = Account(2_039_280, bytes(state), TOKEN_PROGRAM)
    world.app.state.solana.runtime.put_account(address, account)


def transferred(world: World, base_units: int) -> Instruction:
    """Of the other token, out of an account that may be the user's own."""
    data = b"\x03" + base_units.to_bytes(8, "little")
    return of_token(data, OTHER_ACCOUNT, THIEF, owner=world.alice.pubkey())


async def built_by(
    world: World, exchange: Exchange, asked: BlockchainSwapRequested
) -> BuildOutcome:
    # No provider of the registry's is like that: only what it is asked here matters.
    dexes = {"exchange": cast("DEXProvider", exchange)}
    leg = SwapLeg(world.gateway, swaps=PromisedSwaps(dexes, AllMayGoOn()))
    return await leg.build(stream_of(asked), NOW)


async def test_what_pays_as_much_as_was_asked_is_shown(world: World) -> None:
    built = await built_by(world, Exchange([paid(world)]), requested(world))

    assert isinstance(built, Built), built


def more_in_the_open(world: World) -> list[Instruction]:
    return [paid(world, AMOUNT + 1)]


def twice(world: World) -> list[Instruction]:
    return [paid(world, AMOUNT), paid(world, 1)]


def lamports(world: World) -> list[Instruction]:
    alice, thief = world.alice.pubkey(), Pubkey([74] * 32)
    sent = TransferParams(from_pubkey=alice, to_pubkey=thief, lamports=5 * 10**8)
    return [paid(world), transfer(sent)]


def approval(world: World) -> list[Instruction]:
    alice = world.alice.pubkey()
    data = b"\x04" + (10**12).to_bytes(8, "little")
    return [paid(world), of_token(data, associated_token_account(alice), THIEF, owner=alice)]


def another_token(world: World) -> list[Instruction]:
    return [paid(world), transferred(world, 7)]


@pytest.mark.parametrize(
    "written",
    [more_in_the_open, twice, lamports, approval, another_token],
    ids=lambda f: f.__name__,
)
async def test_what_takes_more_is_not_shown_and_somebody_is_told(
    world: World, written: Callable[[World], list[Instruction]], caplog: pytest.LogCaptureFixture
) -> None:
    alice = str(world.alice.pubkey())
    await world.control("airdrop", {"address": alice, "lamports": 10**9})
    other_token(world, OTHER_ACCOUNT, world.alice.pubkey())
    other_token(world, THIEF, THIEF)

    with caplog.at_level(logging.ERROR):
        outcome = await built_by(world, Exchange(written(world)), requested(world))

    assert isinstance(outcome, Declined), outcome
    assert outcome.code == "PRV_RESPONSE_INVALID"
    assert "a transaction of exchange is not signed" in caplog.text


async def test_what_brings_nothing_in_the_same_transaction_is_not_shown(world: World) -> None:
    """Unless it says by which order it delivers later: then that is followed."""
    within = requested(world, target="SOL", recipient_address=str(world.alice.pubkey()))

    at_once = await built_by(world, Exchange([paid(world)], reference=None), within)
    later = await built_by(world, Exchange([paid(world)]), within)

    assert isinstance(at_once, Declined)
    assert at_once.code == "PRV_RESPONSE_INVALID"
    assert isinstance(later, Built)


async def test_what_cannot_succeed_is_not_shown(world: World) -> None:
    much = 10**12
    outcome = await built_by(world, Exchange([paid(world, much)]), requested(world, amount=much))

    assert isinstance(outcome, Declined)
    assert outcome.code == "TXN_SIMULATION_FAILED"


@dataclass
class Stored:
    """An engine with one stream."""

    known: Stream
    failed_at: list[datetime] = field(default_factory=list)
    decided: list[object] = field(default_factory=list)

    async def stream(self, _id: StreamId) -> Stream:
        return self.known

    async def reread(self, _id: StreamId) -> Stream:
        return self.known

    async def decide(self, _id: StreamId, decision: object) -> None:
        self.decided.append(decision)

    def clock(self) -> datetime:
        return NOW

    async def failed_on_chain(self, *_user: object, **_window: object) -> list[datetime]:
        return self.failed_at

    async def stream_of(self, _action: ActionId, _user: UserId) -> StreamId:
        return self.known.id


def shown(asked: BlockchainSwapRequested, built: Built) -> UserActionRequired:
    """What its user is asked to sign."""
    effect = Claimed(id=NO_EFFECT, epoch=0, attempt=1)
    decided = on_built(stream_of(asked, user_id=USER), effect, built, FACTS)
    (required,) = (one for one in decided.events if isinstance(one, UserActionRequired))
    return required


async def submitted(
    world: World, asked: BlockchainSwapRequested, built: Built, *, failed: int = 0
) -> Stored:
    action = shown(asked, built)
    stored = Stored(stream_of(asked, action, user_id=USER), [NOW] * failed)
    desk = ApprovalDesk(
        engine=cast("SagaEngine", stored), actions=stored, gateway=world.gateway, chains={}
    )
    message = base64.b64decode(built.message)
    signed = b"\x02" + bytes(64) + bytes(world.alice.sign_message(message)) + message
    await desk.submit(USER, action.action_id, base64.b64encode(signed).decode())
    return stored


async def test_what_takes_more_by_the_time_it_is_signed_is_not_co_signed(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    alice, asked = world.alice.pubkey(), requested(world)
    other_token(world, OTHER_ACCOUNT, THIEF, delegate=alice)
    other_token(world, THIEF, THIEF)
    built = await built_by(world, Exchange([paid(world), transferred(world, 7)]), asked)
    assert isinstance(built, Built), built
    assert (await submitted(world, asked, built)).decided

    other_token(world, OTHER_ACCOUNT, alice)
    with caplog.at_level(logging.ERROR), pytest.raises(ActionRefused) as refused:
        await submitted(world, asked, built)

    assert refused.value.code == "TXN_SIMULATION_FAILED"
    assert "a transaction of exchange is not signed" in caplog.text


async def test_for_whom_too_much_has_failed_nothing_is_co_signed(world: World) -> None:
    """Each costs the platform, who pays the network."""
    asked = requested(world)
    built = await built_by(world, Exchange([paid(world)]), asked)
    assert isinstance(built, Built)
    assert (await submitted(world, asked, built, failed=FAILURES_MAX - 1)).decided

    with pytest.raises(ActionRefused) as refused:
        await submitted(world, asked, built, failed=FAILURES_MAX)

    assert refused.value.code == "TXN_FAILED_TOO_OFTEN"


async def test_whose_the_accounts_are_is_looked_at_too(world: World) -> None:
    """A program may give away what is worth nothing yet."""
    alice = world.alice.pubkey()
    own, bounds = associated_token_account(alice), Bounds(owner=alice, least={})
    approve = of_token(b"\x04" + (5).to_bytes(8, "little"), own, THIEF, owner=alice)
    owner = of_token(b"\x06\x02\x01" + bytes(THIEF), own, owner=alice)
    closing = of_token(b"\x06\x03\x01" + bytes(THIEF), own, owner=alice)
    told = []
    for instruction in (approve, owner, closing):
        prepared = await world.gateway.prepare([instruction])
        trial = await world.gateway.try_out(prepared.built.unsigned, [alice], verify=False)
        assert trial.result.ok, trial.result
        told.append(breach(trial, [bounds]))

    assert told[0] == "gives away the spending of an account"
    assert told[1] is not None
    assert told[2] == "gives away the closing of an account"


@pytest.mark.parametrize(("disturbed", "tries"), [(1, 2), (9, 3)])
async def test_what_else_moves_meanwhile_is_told_from_what_always_happens(
    world: World, monkeypatch: pytest.MonkeyPatch, disturbed: int, tries: int
) -> None:
    alice = world.alice.pubkey()
    own = associated_token_account(alice)
    nothing = transfer_usdc(source=own, target=own, owner=alice, base_units=1)
    prepared = await world.gateway.prepare([nothing])
    looks: list[Trial] = []
    try_out = world.gateway.try_out

    async def look(transaction: bytes, owners: Sequence[Pubkey], *, verify: bool) -> Trial:
        looks.append(await try_out(transaction, owners, verify=verify))
        return replace(looks[-1], after={}) if len(looks) <= disturbed else looks[-1]

    monkeypatch.setattr(world.gateway, "try_out", look)

    result, beyond = await world.gateway.tried_within(
        prepared.built.unsigned, [Bounds(owner=alice, least={})], verify=False
    )

    assert result.ok, result
    assert (len(looks), beyond is None) == (tries, disturbed < tries)
