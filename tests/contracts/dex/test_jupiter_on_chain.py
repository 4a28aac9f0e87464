"""Swaps of the sandbox's Jupiter execute in the real Solana runtime, through the platform's own
checks: user and fee payer sign, nobody else, and both sides of the swap happen or neither."""

import base64

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from domain.provider.ports.answers import Declined, Unanswered
from domain.provider.ports.dex import SwapBuilt, SwapExecuted, SwapQuote, SwapRequest
from domain.provider.ports.unsigned import SolanaInstructions, SolanaTransaction
from domain.shared.assets import SOL, USDC
from infrastructure.chains.solana.addresses import TOKEN_ACCOUNT_BYTES, associated_token_account
from infrastructure.chains.solana.building import build_message, transfer_usdc
from infrastructure.chains.solana.verification import cosign, verify_user_signature
from infrastructure.sandbox.market import Market
from infrastructure.sandbox.solana.encoding import token_state
from infrastructure.sandbox.solana.runtime import Executed
from infrastructure.sandbox.token_program import WRAPPED_SOL
from tests.contracts.dex.cases import DexWorld, good


def usdc_of(world: DexWorld, owner: Pubkey) -> int:
    state = token_state(world.node.runtime.svm.get_account(associated_token_account(owner)))
    return 0 if state is None else state.amount


def lamports_of(world: DexWorld, owner: Pubkey) -> int:
    return world.node.runtime.svm.get_balance(owner) or 0


def land_composed(
    world: DexWorld, unsigned: SolanaInstructions, treasury: Pubkey | None = None
) -> Executed:
    """As the platform does: its fee payer, its fee, the user's signature checked, then its own."""
    steps = [
        Instruction(
            Pubkey.from_string(part.program),
            part.data,
            [
                AccountMeta(Pubkey.from_string(use.address), use.is_signer, use.is_writable)
                for use in part.accounts
            ],
        )
        for part in unsigned.instructions
    ]
    if treasury is not None:
        owner = world.user.pubkey()
        source, target = associated_token_account(owner), associated_token_account(treasury)
        steps.append(transfer_usdc(source=source, target=target, owner=owner, base_units=250_000))
    clock = world.node.clock
    blockhash = str(clock.blockhash(clock.slot()))
    built = build_message(steps, fee_payer=world.fee_payer.pubkey(), blockhash=blockhash)
    assert built.signature_count == 2
    signature = bytes(world.user.sign_message(built.message))
    verified = verify_user_signature(
        built_message=built.message,
        signed_transaction=b"\x02" + bytes(64) + signature + built.message,
        signer=world.user.pubkey(),
    )
    wire = cosign(verified, world.fee_payer)
    return world.node.runtime.execute(VersionedTransaction.from_bytes(wire))


async def built_of(world: DexWorld, request: SwapRequest) -> tuple[SwapQuote, SwapBuilt]:
    adapter = world.jupiter()
    quote = good(await adapter.get_quote(request))
    built = await adapter.build_swap(quote)
    assert isinstance(built, SwapBuilt), built
    return quote, built


def rent(world: DexWorld) -> int:
    return world.node.runtime.svm.minimum_balance_for_rent_exemption(TOKEN_ACCOUNT_BYTES)


async def test_usdc_becomes_sol_with_the_platforms_fee_in_the_same_transaction(
    world: DexWorld,
) -> None:
    treasury = Keypair().pubkey()
    world.node.mint_usdc(treasury, 0)
    user = world.user.pubkey()
    usdc, lamports = usdc_of(world, user), lamports_of(world, user)
    quote, built = await built_of(world, world.request(amount=30_000_000, sponsored=True))
    assert isinstance(built.unsigned, SolanaInstructions)

    executed = land_composed(world, built.unsigned, treasury)

    assert executed.error is None, executed.logs
    assert usdc_of(world, user) == usdc - 30_000_000 - 250_000
    assert usdc_of(world, treasury) == 250_000
    # 0.1 % of the pool, at 150 USD; the rent of the wrapped account comes back to the taker.
    assert quote.target_amount == 199_800_000
    assert lamports_of(world, user) == lamports + 199_800_000 + rent(world)


async def test_sol_becomes_usdc(world: DexWorld) -> None:
    user = world.user.pubkey()
    usdc, lamports = usdc_of(world, user), lamports_of(world, user)
    request = world.request(SOL, USDC, 2 * 10**9, sponsored=True)
    quote, built = await built_of(world, request)
    assert isinstance(built.unsigned, SolanaInstructions)

    executed = land_composed(world, built.unsigned)

    assert executed.error is None, executed.logs
    assert quote.target_amount == 299_700_000
    assert usdc_of(world, user) == usdc + 299_700_000
    assert lamports_of(world, user) == lamports - 2 * 10**9 + rent(world)


async def test_without_the_money_nothing_moves(world: DexWorld) -> None:
    """The payout is signed for already; without the payment it does not happen."""
    user = world.user.pubkey()
    usdc, lamports = usdc_of(world, user), lamports_of(world, user)
    request = world.request(amount=usdc + 1, sponsored=True)
    _quote, built = await built_of(world, request)
    assert isinstance(built.unsigned, SolanaInstructions)

    executed = land_composed(world, built.unsigned)

    assert executed.error is not None
    assert (usdc_of(world, user), lamports_of(world, user)) == (usdc, lamports)


async def test_one_payout_is_taken_once(world: DexWorld) -> None:
    _quote, built = await built_of(world, world.request(sponsored=True))
    assert isinstance(built.unsigned, SolanaInstructions)
    assert land_composed(world, built.unsigned).error is None
    world.node.advance(1)

    assert land_composed(world, built.unsigned).error is not None


async def test_what_nobody_took_goes_back_to_the_pool(world: DexWorld) -> None:
    _quote, left = await built_of(world, world.request(SOL, USDC, 10**9, sponsored=True))
    assert isinstance(left.unsigned, SolanaInstructions)
    account = Pubkey.from_string(left.unsigned.instructions[-2].accounts[0].address)
    assert token_state(world.node.runtime.svm.get_account(account)) is not None

    world.providers.skip(minutes=11)
    for _ in range(2):
        await built_of(world, world.request(sponsored=True))

    assert token_state(world.node.runtime.svm.get_account(account)) is None
    assert land_composed(world, left.unsigned).error is not None


async def test_another_receiver(world: DexWorld) -> None:
    receiver = Keypair().pubkey()
    world.node.airdrop(receiver, 10**9)
    world.node.mint_usdc(receiver, 0)
    adapter, base = world.jupiter(), world.request(sponsored=True)

    for source, target, amount in ((USDC, SOL, 30_000_000), (SOL, USDC, 10**9)):
        request = SwapRequest(
            source=source,
            target=target,
            amount=amount,
            slippage_millionths=5_000,
            sender=base.sender,
            recipient=str(receiver),
            fee_payer=base.fee_payer,
        )
        built = await adapter.build_swap(good(await adapter.get_quote(request)))
        assert isinstance(built, SwapBuilt)
        assert isinstance(built.unsigned, SolanaInstructions)
        executed = land_composed(world, built.unsigned)
        assert executed.error is None, executed.logs

    assert lamports_of(world, receiver) == 10**9 + 199_800_000 + rent(world)
    assert usdc_of(world, receiver) == 149_850_000


async def test_a_price_that_moved_within_the_slippage_keeps_the_promise(world: DexWorld) -> None:
    adapter, market = world.jupiter(), Market(world.providers.world)
    quote = good(await adapter.get_quote(world.request(sponsored=True)))
    # SOL is 0.2 % dearer by now.
    market.set_price("SOL", 150_300_000)

    assert isinstance(await adapter.build_swap(quote), SwapBuilt)


async def test_a_price_that_moved_beyond_the_slippage_is_declined(world: DexWorld) -> None:
    adapter, market = world.jupiter(), Market(world.providers.world)
    quote = good(await adapter.get_quote(world.request(sponsored=True)))
    market.set_price("SOL", 152_000_000)

    answer = await adapter.build_swap(quote)

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_PRICE_MOVED"


async def test_less_may_arrive_than_was_quoted_and_the_chain_shows_it(world: DexWorld) -> None:
    world.providers.fault(
        "wrong_amount", "jupiter", operations=["build_payout"], millionths=900_000
    )
    user = world.user.pubkey()
    lamports = lamports_of(world, user)
    quote, built = await built_of(world, world.request(sponsored=True))
    assert isinstance(built.unsigned, SolanaInstructions)

    assert land_composed(world, built.unsigned).error is None

    arrived = lamports_of(world, user) - lamports - rent(world)
    assert arrived == quote.target_amount * 9 // 10


async def test_an_order_is_signed_and_sent_by_jupiter(world: DexWorld) -> None:
    user = world.user.pubkey()
    lamports = lamports_of(world, user)
    adapter = world.jupiter()
    quote, built = await built_of(world, world.request())
    assert isinstance(built.unsigned, SolanaTransaction)
    assert built.reference == quote.terms["request_id"]
    assert {fee.kind: (fee.amount, fee.asset) for fee in quote.fees} == {
        "PROVIDER": (30_000, "USDC"),
        "NETWORK": (5_000, "SOL"),
    }

    signed = world.signed(built.unsigned.wire)
    executed = await adapter.execute_swap(quote, signed, key="one")

    assert isinstance(executed, SwapExecuted)
    expected = VersionedTransaction.from_bytes(signed).signatures[0]
    assert executed.transaction_hash == str(expected)
    assert lamports_of(world, user) > lamports + quote.target_minimum


async def test_an_order_without_the_money_has_no_transaction(world: DexWorld) -> None:
    answer = await world.jupiter().get_quote(world.request(amount=10**12))

    assert isinstance(answer, Declined)
    assert answer.provider_code == "metis:1"


async def test_an_order_that_was_not_signed_as_given_is_declined(world: DexWorld) -> None:
    adapter = world.jupiter()
    quote = good(await adapter.get_quote(world.request()))
    other = good(await adapter.get_quote(world.request(amount=31_000_000)))
    signed = world.signed(base64.b64decode(other.terms["transaction"]))
    unsigned = base64.b64decode(quote.terms["transaction"])

    changed = await adapter.execute_swap(quote, signed, key="one")
    empty = await adapter.execute_swap(quote, unsigned, key="one")
    nothing = await adapter.execute_swap(quote, b"nothing", key="one")

    assert isinstance(changed, Declined)
    assert changed.provider_code == "-3"
    assert isinstance(empty, Declined)
    assert empty.provider_code == "-1003"
    assert isinstance(nothing, Declined)
    assert nothing.code == "PRV_INVALID"


@pytest.mark.parametrize("code", [-1000, -1001, -2000, -2001, 6001])
async def test_a_failure_after_sending_is_unanswered(world: DexWorld, code: int) -> None:
    """It says that it failed, and it landed: only the chain knows."""
    adapter = world.jupiter()
    quote, built = await built_of(world, world.request())
    assert isinstance(built.unsigned, SolanaTransaction)
    await world.simulate("jupiter/_simulate/execution", {"code": code, "sent": True})

    signed = world.signed(built.unsigned.wire)
    answer = await adapter.execute_swap(quote, signed, key="one")

    assert isinstance(answer, Unanswered)
    assert world.node.store.knows(bytes(VersionedTransaction.from_bytes(signed).signatures[0]))


@pytest.mark.parametrize("code", [-2, -1002, -2002])
async def test_bytes_that_can_never_land_are_declined(world: DexWorld, code: int) -> None:
    adapter = world.jupiter()
    quote, built = await built_of(world, world.request())
    assert isinstance(built.unsigned, SolanaTransaction)
    await world.simulate("jupiter/_simulate/execution", {"code": code})

    answer = await adapter.execute_swap(quote, world.signed(built.unsigned.wire), key="one")

    assert isinstance(answer, Declined)
    assert answer.provider_code == str(code)


async def test_an_order_that_was_forgotten_may_have_landed(world: DexWorld) -> None:
    """The first try landed and its answer was lost; by the second the order is unknown."""
    adapter = world.jupiter()
    quote, built = await built_of(world, world.request())
    assert isinstance(built.unsigned, SolanaTransaction)
    signed = world.signed(built.unsigned.wire)
    world.land(signed)
    world.providers.skip(minutes=3)

    answer = await adapter.execute_swap(quote, signed, key="one")

    assert isinstance(answer, Unanswered)


async def test_an_old_order_is_not_built(world: DexWorld) -> None:
    adapter = world.jupiter()
    quote = good(await adapter.get_quote(world.request()))
    world.providers.skip(minutes=1)

    answer = await adapter.build_swap(quote)

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_QUOTE_EXPIRED"


def test_wrapped_sol_is_the_mint_that_everybody_knows() -> None:
    assert str(WRAPPED_SOL) == "So11111111111111111111111111111111111111112"
