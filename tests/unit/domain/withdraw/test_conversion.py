"""A Withdraw of another asset than is taken out: in one process and in five."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from domain.contracts.events import Recipient
from domain.contracts.orchestration_events import Command
from domain.provider.effects import Absent, Declined, LandedWithError, Moved, SwapLanded, Unknown
from domain.provider.swap import TOO_LITTLE, Stuck, Waiting
from domain.shared.errors import InsufficientBalance, Refused
from domain.shared.limits import LimitState
from domain.shared.money import TransactionFee
from domain.transaction.errors import BelowMinimum, NoProvider, SelfSend
from domain.transaction.swaps import InitiateSwapCommand, initiate_withdraw_with_conversion
from tests.sequences import WITHDRAW
from tests.unit.domain.send.journey import (
    BOB,
    BOB_WALLET,
    COST,
    FACTS,
    FIGURES,
    PROCESS_NAMES,
    PROCESSES,
    Journey,
    allowed,
    watched,
)
from tests.unit.domain.swap.test_swaps import arrived, offer, tracked
from tests.unit.domain.swap.test_swaps import command as swap_command
from tests.unit.domain.withdraw.test_withdraw import ALICE, commands

AMOUNT = 30_121_500
FEE = 120_000
"""Of the platform; with the network's 1,500 it leaves 30 USDC to be swapped."""
SPENT = 30_000_000
ELSEWHERE = Recipient(address="elsewhere")
SIGNED = [
    "PROVIDER_PROCESSING.TRANSACTION_BUILDING",
    "PROVIDER_PROCESSING.TRANSACTION_SIGNING",
    "BLOCKCHAIN_PENDING.TRANSACTION_BROADCASTING",
    "BLOCKCHAIN_PENDING.MEMPOOL_PENDING",
    "BLOCKCHAIN_PENDING.BLOCK_CONFIRMATION_PENDING",
    "BLOCKCHAIN_CONFIRMED.CONFIRMATION_COMPLETED",
    "PROVIDER_PROCESSING.CONVERSION_COMPLETED",
]
CHOSEN = [
    "INITIATED",
    "BALANCE_RESERVED",
    "PROVIDER_SELECTED",
    "PROVIDER_PROCESSING.LIQUIDITY_CHECKING",
    "PROVIDER_PROCESSING.PRICE_QUOTING",
    "PROVIDER_PROCESSING.SLIPPAGE_VALIDATING",
    "PROVIDER_PROCESSING.SWAP_EXECUTING",
]
BRIDGED = [
    "PROVIDER_PROCESSING.BRIDGE_INITIALIZING",
    "PROVIDER_PROCESSING.BRIDGE_CONFIRMING",
]
ARRIVED = [
    "BLOCKCHAIN_PENDING.BLOCK_CONFIRMATION_PENDING",
    "BLOCKCHAIN_CONFIRMED.CONFIRMATION_COMPLETED",
    "BALANCE_UPDATED",
    "COMPLETED",
]


@pytest.fixture(params=PROCESSES, ids=PROCESS_NAMES)
def journey(request: pytest.FixtureRequest) -> Journey:
    return Journey(groups=request.param, facts=allowed("withdraw"))


def wish(
    target: str, amount: int, *, recipient: Recipient | None = ELSEWHERE
) -> InitiateSwapCommand:
    """With an offer of `amount`, and a second one of a little less."""
    swapped = swap_command("USDC", target, AMOUNT, amount, amount * 99 // 100)
    return replace(
        swapped,
        recipient_address="elsewhere",
        recipient=recipient,
        platform_fee=FEE,
        usd_value=AMOUNT,
    )


def begun(
    journey: Journey,
    target: str = "ETH",
    amount: int = 10**16,
    *,
    recipient: Recipient = ELSEWHERE,
) -> Journey:
    begins = wish(target, amount, recipient=recipient)
    journey.decide(lambda _stream, facts: initiate_withdraw_with_conversion(begins, facts))
    return journey


def landed(journey: Journey, *, received: int | None = None) -> Journey:
    came = Moved(amount=received, instruction=2, account="elsewhere") if received else None
    return journey.said(
        SwapLanded(
            slot=7,
            commitment="confirmed",
            lamports_spent=10_000,
            spent=Moved(amount=SPENT, instruction=1, account="here"),
            fee=Moved(amount=FEE + 1_500, instruction=3, account="treasury"),
            received=came,
        )
    )


def signed(journey: Journey) -> Journey:
    return journey.built().signed().accepted()


def with_the_provider(journey: Journey) -> Journey:
    """Paid for on the source's chain, not yet there."""
    return landed(signed(begun(journey)))


@pytest.mark.parametrize(
    ("target", "amount", "bridged"),
    [
        ("SOL", 200_000_000, False),
        ("BTC", 30_000, True),
        ("ETH", 10**16, True),
        ("PAXG", 7 * 10**15, True),
        ("XAUT", 7_000, True),
        ("SUI", 12 * 10**9, True),
    ],
)
def test_each_asset_passes_the_flows_events_and_states_and_ends_booked(
    journey: Journey, target: str, amount: int, *, bridged: bool
) -> None:
    signed(begun(journey, target, amount))
    if bridged:
        landed(journey)
        tracked(journey, Waiting(due_at=FACTS.now))
        tracked(journey, arrived(target, amount - 1))
    else:
        landed(journey, received=amount - 1)

    assert [name for name in journey.types if name in WITHDRAW] == WITHDRAW
    assert not any(event.skipped for event in journey.stream.events)
    assert journey.states == [*CHOSEN, *SIGNED, *(BRIDGED if bridged else []), *ARRIVED]
    chain = {"SOL": "SOLANA", "BTC": "BITCOIN", "SUI": "SUI"}.get(target, "ETHEREUM")
    network = 10_000 if target == "SOL" else 0
    assert journey.posted[f"chain:{chain}:{target}"] == amount - 1 + network
    assert (journey.posted[ALICE], journey.held[ALICE]) == (-AMOUNT, 0)
    assert (journey.posted["fees:USDC"], journey.posted["conversion:USDC"]) == (
        FEE + 1_500,
        SPENT,
    )
    assert journey.posted["provider:first:USDC"] == 0
    row = journey.row
    assert (row["type"], row["target_asset"], row["received_amount"]) == (
        "WITHDRAW",
        target,
        amount - 1,
    )
    assert (row["funds_location"], row["progress_percent"]) == ("DELIVERED", 100)
    assert settled(journey) == [LimitState.USED]


def settled(journey: Journey) -> list[LimitState]:
    return [each.state for unit in journey.units for each in unit.limits_settled]


def test_every_step_is_commanded_once_and_in_its_turn(journey: Journey) -> None:
    tracked(with_the_provider(journey), arrived("ETH", 10**16))

    assert commands(journey) == [
        Command.SCREEN,
        Command.VALIDATE_ADDRESS,
        Command.RESERVE,
        Command.SELECT_PROVIDER,
        Command.CONVERT,
        Command.TRANSFER,
        Command.BOOK,
        Command.COMPLETE,
    ]


def test_in_one_process_it_is_five_commits_and_one_more_for_a_delivery(journey: Journey) -> None:
    if len(journey.groups) > 1:
        return
    with_the_provider(journey)
    assert len(journey.units) == 5
    tracked(journey, arrived("ETH", 10**16))
    assert (len(journey.units), journey.row["state"]) == (6, "COMPLETED")


def test_until_it_has_arrived_the_provider_has_it(journey: Journey) -> None:
    with_the_provider(journey)
    tracked(journey, Waiting(due_at=FACTS.now))

    assert journey.posted["provider:first:USDC"] == SPENT
    assert (journey.row["waiting_on"], journey.row["funds_location"]) == ("PROVIDER", "PROVIDER")
    assert (journey.row["state"], journey.row["sub_state"]) == (
        "PROVIDER_PROCESSING",
        "BRIDGE_CONFIRMING",
    )


def test_the_costs_are_itemised(journey: Journey) -> None:
    begun(journey)

    network, platform = (
        TransactionFee(kind=kind, amount=amount, asset="USDC", provider=charged_by)
        for kind, amount, charged_by in (
            ("NETWORK", COST.total_base_units, "SOLANA"),
            ("PLATFORM", FEE, None),
        )
    )
    assert journey.row["fees"] == (network, platform)


def test_an_address_of_a_user_is_credited_to_them(journey: Journey) -> None:
    bob = Recipient(address="elsewhere", user_id=BOB, wallet_id=BOB_WALLET)
    landed(signed(begun(journey, recipient=bob)))

    tracked(journey, arrived("ETH", 10**16))

    assert journey.posted[f"invested:{BOB_WALLET}:ETH"] == 10**16
    assert journey.posted["chain:ETHEREUM:ETH"] == 0


def test_what_their_watcher_booked_is_not_booked_again(journey: Journey) -> None:
    bob = Recipient(address="elsewhere", user_id=BOB, wallet_id=BOB_WALLET)
    landed(signed(begun(journey, recipient=bob)))
    journey.facts = replace(
        journey.facts, rejection=watched("there-1", "ETH", wallet_id=BOB_WALLET)
    )

    tracked(journey, arrived("ETH", 10**16))

    assert journey.posted[f"invested:{BOB_WALLET}:ETH"] == 0
    assert journey.posted["chain:ETHEREUM:ETH"] == 10**16
    assert journey.row["state"] == "COMPLETED"


def test_an_address_that_is_nobodys_is_watched_by_nobody(journey: Journey) -> None:
    with_the_provider(journey)
    journey.facts = replace(journey.facts, rejection=watched("there-1", "ETH"))

    tracked(journey, arrived("ETH", 10**16))

    assert journey.types[-1] == "OperatorRequired"
    assert journey.posted["chain:ETHEREUM:ETH"] == 0
    assert (journey.row["waiting_on"], journey.row["funds_location"]) == ("OPERATOR", "SUSPENSE")


def test_what_a_bridge_gives_back_is_available_again(journey: Journey) -> None:
    tracked(with_the_provider(journey), arrived("USDC", 29_900_000, recovered=True))

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "PRV_NOT_DELIVERED")
    assert journey.types.index("CrossChainTransferRecovered") < journey.types.index(
        "BalanceReservationReleased"
    )
    assert journey.types[-1] == "WithdrawTransactionFailed"
    assert journey.posted[ALICE] == 29_900_000 - AMOUNT
    assert journey.posted["provider:first:USDC"] == 0
    assert journey.row["funds_location"] == "RETURNED"
    assert settled(journey) == [LimitState.RELEASED]


def test_what_a_person_looked_at_and_came_back_is_available_again(journey: Journey) -> None:
    astray(journey)

    tracked(journey, arrived("USDC", SPENT, recovered=True))

    assert (journey.row["state"], journey.row["funds_location"]) == ("FAILED", "RETURNED")
    assert journey.posted[ALICE] == SPENT - AMOUNT
    assert journey.posted["provider:first:USDC"] == 0


def less_over_a_bridge(journey: Journey) -> None:
    tracked(with_the_provider(journey), arrived("ETH", 10**16 * 99 // 100 - 1))


def less_in_one_transaction(journey: Journey) -> None:
    landed(signed(begun(journey, "SOL", 200_000_000)), received=198_000_000 - 1)


def astray(journey: Journey) -> None:
    tracked(with_the_provider(journey), Stuck(reason="elsewhere", due_at=FACTS.now))


@pytest.mark.parametrize("happens", [less_over_a_bridge, less_in_one_transaction, astray])
def test_what_is_not_as_promised_waits_for_a_person(
    journey: Journey, happens: Callable[[Journey], None]
) -> None:
    happens(journey)

    assert (journey.row["waiting_on"], journey.row["funds_location"]) == ("OPERATOR", "SUSPENSE")
    assert "CrossChainTransferConfirmed" not in journey.types
    assert "BalanceReservationReleased" not in journey.types
    assert journey.types.count("OperatorRequired") == 1
    assert journey.posted[ALICE] == -AMOUNT


def test_the_least_that_was_promised_is_enough(journey: Journey) -> None:
    tracked(with_the_provider(journey), arrived("ETH", 10**16 * 99 // 100))

    assert journey.row["state"] == "COMPLETED"
    assert TOO_LITTLE not in str(journey.stream.events)


def test_a_provider_that_cannot_build_gives_way_to_the_next(journey: Journey) -> None:
    begun(journey).built(Declined(code="PRV_PRICE_MOVED", reason="less than was promised"))

    assert (journey.row["provider"], journey.attempt) == ("second", 2)
    landed(signed(journey))
    tracked(journey, arrived("ETH", 10**16))
    assert journey.row["state"] == "COMPLETED"
    last = [event.type for event in journey.stream.events if event.attempt == 2]
    assert [name for name in last if name in WITHDRAW] == WITHDRAW[3:]


def test_when_nobody_can_the_hold_is_released(journey: Journey) -> None:
    begun(journey).built(Declined(code="PRV_UNAVAILABLE", reason="out"))
    journey.built(Declined(code="PRV_PRICE_MOVED", reason="less than was promised"))

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "PRV_PRICE_MOVED")
    assert (journey.posted[ALICE], journey.held[ALICE]) == (0, 0)


def test_once_signed_nobody_else_is_asked(journey: Journey) -> None:
    begun(journey).built().signed()
    journey.said(Unknown(reason="timeout", due_at=journey.facts.now))

    assert journey.row["provider"] == "first"
    assert journey.held[ALICE] == AMOUNT
    assert Command.RELEASE not in commands(journey)


@pytest.mark.parametrize(
    "outcome",
    [LandedWithError(reason="slippage", lamports_spent=10_000), Absent(block_height=151)],
)
def test_what_moved_nothing_costs_the_user_nothing(
    journey: Journey, outcome: LandedWithError | Absent
) -> None:
    signed(begun(journey)).said(outcome)
    for _again in range(FIGURES.rebuilds_max):
        if isinstance(outcome, Absent):
            signed(journey).said(outcome)

    assert journey.row["state"] == "FAILED"
    assert (journey.posted[ALICE], journey.held[ALICE]) == (0, 0)


def test_it_can_be_cancelled_until_it_is_signed(journey: Journey) -> None:
    begun(journey).built().cancelled()

    assert journey.row["reason"] == "TXN_CANCELLED"
    assert not any(journey.holds.values())


def test_what_is_not_signed_in_time_ends_with_nothing_held(journey: Journey) -> None:
    begun(journey).built().deadline(after_seconds=901)

    assert journey.row["reason"] == "TXN_APPROVAL_EXPIRED"
    assert journey.held[ALICE] == 0


def test_a_race_for_the_balance_is_lost_with_nothing_held(journey: Journey) -> None:
    begun(journey.rejected())

    assert journey.states == ["INITIATED", "FAILED"]
    assert journey.row["reason"] == "TXN_INSUFFICIENT_BALANCE"


def test_a_sanctioned_address_ends_it_before_anything_is_held(journey: Journey) -> None:
    begun(journey, recipient=Recipient(address="sanctioned"))

    assert journey.row["reason"] == "CMP_SANCTIONED"
    assert not journey.holds


WISH = wish("BTC", 30_000)


@pytest.mark.parametrize(
    ("refused", "refusal"),
    [
        (replace(WISH, recipient=None), SelfSend),
        (replace(WISH, amount=4_999_999), BelowMinimum),
        (replace(WISH, spendable=AMOUNT), InsufficientBalance),
        (replace(WISH, offers=()), NoProvider),
        (replace(WISH, offers=(offer("first", "BTC", 9_999),)), BelowMinimum),
    ],
)
def test_what_cannot_begin_is_refused(refused: InitiateSwapCommand, refusal: type[Refused]) -> None:
    with pytest.raises(refusal):
        initiate_withdraw_with_conversion(refused, FACTS)
