from uuid import uuid4

from domain.contracts.views import BalanceKind, BalanceView
from domain.shared.accounts import available
from domain.shared.assets import Chain
from domain.shared.ids import HoldId, UserId, WalletId
from domain.shared.money import Balance, WalletAddress
from domain.shared.unit import Account, HoldKind, HoldPlaced, Posting
from tests.integration.views.stage import Stage, initiated, unit_of
from tests.unit.domain.send.journey import ALICE, ALICE_WALLET


def usdc(posted: int = 0, **parts: int) -> BalanceView:
    spendable = posted - parts.get("reserved", 0) - parts.get("earmarked", 0)
    booked = Balance(posted, "USDC", Chain.SOLANA)
    return BalanceView(
        kind=BalanceKind.AVAILABLE,
        booked=booked,
        spendable=spendable,
        amount_max=max(0, spendable - 4),
        **parts,
    )


async def test_a_user_and_their_wallet(stage: Stage) -> None:
    await stage.create_user(ALICE, ALICE_WALLET, addresses={"solana": "Addr1", "ETHEREUM": "0x1"})
    user, wallet = await stage.views.user(ALICE), await stage.views.wallet(ALICE_WALLET)
    assert user is not None
    assert wallet is not None
    assert (user.id, user.wallet_id, user.username) == (ALICE, ALICE_WALLET, "Alice")
    assert (user.kyc_level, user.country) == ("basic", "US")
    assert (wallet.id, wallet.user_id) == (ALICE_WALLET, ALICE)
    assert wallet.addresses == (
        WalletAddress("0x1", Chain.ETHEREUM),
        WalletAddress("Addr1", Chain.SOLANA),
    )
    assert user.created_at == wallet.created_at
    assert user.created_at.tzinfo is not None


async def test_nobody_is_absent(stage: Stage) -> None:
    assert await stage.views.user(UserId(uuid4())) is None
    assert await stage.views.wallet(WalletId(uuid4())) is None


async def test_a_wallet_without_rows_shows_zeros(stage: Stage) -> None:
    assert await stage.views.balances(WalletId(uuid4())) == (usdc(),)


async def test_what_is_held_cannot_be_spent(stage: Stage) -> None:
    await stage.fund(amount=100_000_000)
    assert await stage.views.balances(ALICE_WALLET) == (usdc(100_000_000),)
    await stage.commit(*initiated().units)
    assert await stage.views.balances(ALICE_WALLET) == (usdc(100_000_000, reserved=25_000_000),)


async def test_what_is_earmarked_and_what_is_expected(stage: Stage) -> None:
    await stage.fund(amount=10)
    account = available(ALICE_WALLET)
    soft, incoming = (
        HoldPlaced(id=HoldId(uuid4()), account=account, kind=kind, part="principal", amount=amount)
        for kind, amount in ((HoldKind.SOFT, 3), (HoldKind.INCOMING, 5))
    )
    placed = unit_of(
        ALICE_WALLET,
        holds_placed=(soft, incoming),
        postings=(Posting(account=account, soft=3, incoming=5),),
    )
    await stage.commit(placed)
    assert await stage.views.balances(ALICE_WALLET) == (usdc(10, earmarked=3, pending=5),)


async def test_amounts_are_exact_however_large(stage: Stage) -> None:
    ether = 123_456_789 * 10**18 + 1
    account = Account(f"invested:{ALICE_WALLET}:ETH", "ETH", ALICE_WALLET, floor=0)
    world = Account("chain:ETHEREUM:ETH", "ETH")
    await stage.commit(
        unit_of(
            ALICE_WALLET,
            postings=(
                Posting(account=world, posted=-ether),
                Posting(account=account, posted=ether),
            ),
        )
    )
    dollars, invested = await stage.views.balances(ALICE_WALLET)
    assert dollars == usdc()
    assert invested.kind is BalanceKind.INVESTED
    assert invested.booked == Balance(ether, "ETH", Chain.ETHEREUM)
    assert invested.spendable == invested.amount_max == ether


async def test_balances_are_of_the_wallet_alone(stage: Stage) -> None:
    await stage.fund(WalletId(uuid4()))
    assert await stage.views.balances(ALICE_WALLET) == (usdc(),)
