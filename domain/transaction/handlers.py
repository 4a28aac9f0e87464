"""What a user may ask of a transaction: to begin one, and to stop it in time."""

from dataclasses import dataclass
from datetime import timedelta

from domain.contracts.buy_events import BuyTransactionInitiated, OnRampPurchase
from domain.contracts.commands import (
    CancelTransactionCommand,
    InitiateDepositCommand,
    InitiateSendCommand,
    InitiateWithdrawCommand,
    SendWish,
)
from domain.contracts.deposit_events import DepositTransactionInitiated, OnRampProviderSelected
from domain.contracts.events import (
    CancellationRequested,
    SendTransactionInitiated,
    TransactionRefused,
    UserActionSubmitted,
)
from domain.contracts.withdraw_events import WithdrawTransactionInitiated
from domain.shared.assets import ASSETS, USD, USDC
from domain.shared.decision import Decision, Facts
from domain.shared.errors import InsufficientBalance, Refused
from domain.shared.money import MICRO_USD_PER_CENT, format_amount, format_asset, share_rounded_down
from domain.shared.stream import Stream
from domain.transaction.errors import (
    BelowMinimum,
    FeesExceedAmount,
    NoProvider,
    NotCancellable,
    SelfSend,
)
from domain.transaction.flows.payment import is_being_paid
from domain.transaction.model import position_of
from domain.transaction.states import TERMINAL_STATES, State

WITHDRAW_DEFINITION_VERSION = 1
"""The newest version of the flow's definition: what begins now goes on by it."""
PAYMENT_FIELD = "input.source.payment"
"""Where the input of a Buy has what is paid, and how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendCosts:
    """What a transfer of an amount costs and delivers, in USDC base units."""

    platform_fee: int
    network: int
    delivered: int


def transfer_costs(*, amount: int, network: int, fee_millionths: int) -> SendCosts:
    """The costs, taken out of what the user typed. Raises `FeesExceedAmount`."""
    platform_fee = share_rounded_down(amount, millionths=fee_millionths)
    delivered = amount - platform_fee - network
    if delivered <= 0:
        raise FeesExceedAmount(field="input.amount")
    return SendCosts(platform_fee=platform_fee, network=network, delivered=delivered)


def check_send(wish: SendWish, *, spendable: int, facts: Facts) -> SendCosts:
    """The costs of a Send that may begin; raises the `Refused` that says why it may not.

    `spendable` is what Available shows now; the database decides in the end.
    """
    figures = facts.figures
    return _checked(
        wish,
        spendable=spendable,
        facts=facts,
        minimum=figures.send_minimum,
        fee_millionths=figures.send_fee_millionths,
        named="input.recipient",
    )


def _checked(
    wish: SendWish, *, spendable: int, facts: Facts, minimum: int, fee_millionths: int, named: str
) -> SendCosts:
    """`named`: the field of the input that says where it goes."""
    if wish.recipient.address == wish.sender_address:
        raise SelfSend(field=named)
    if wish.amount < minimum:
        least = format_amount(minimum, USDC.decimals)
        raise BelowMinimum(field="input.amount", minimum=least, asset=USDC.symbol)
    costs = transfer_costs(
        amount=wish.amount,
        network=wish.network_cost.total_base_units,
        fee_millionths=fee_millionths,
    )
    free = spendable - facts.figures.fee_reserve
    if free < wish.amount:
        most = format_amount(max(0, free), USDC.decimals)
        raise InsufficientBalance(field="input.amount", spendable=most, asset=USDC.symbol)
    return costs


def initiate_send(command: InitiateSendCommand, *, spendable: int, facts: Facts) -> Decision:
    """Begins a Send that `check_send` lets pass."""
    wish = command.wish
    costs = check_send(wish, spendable=spendable, facts=facts)
    initiated = SendTransactionInitiated(
        transaction_id=command.transaction_id,
        username=command.username,
        sender_address=wish.sender_address,
        recipient=wish.recipient,
        asset=USDC.symbol,
        amount=wish.amount,
        platform_fee=costs.platform_fee,
        network_cost=wish.network_cost,
        memo=command.memo,
        approval_deadline=facts.now + timedelta(seconds=facts.figures.approval_window_seconds),
    )
    return Decision(events=(initiated,))


def check_withdraw(wish: SendWish, *, spendable: int, facts: Facts) -> SendCosts:
    """The costs of a Withdraw that may begin; raises the `Refused` that says why it may not."""
    figures = facts.figures
    return _checked(
        wish,
        spendable=spendable,
        facts=facts,
        minimum=figures.withdraw_minimum,
        fee_millionths=figures.withdraw_fee_millionths,
        named="input.destination.externalWallet.address",
    )


def initiate_withdraw(
    command: InitiateWithdrawCommand, *, spendable: int, facts: Facts
) -> Decision:
    """Begins a Withdraw that `check_withdraw` lets pass."""
    wish = command.wish
    costs = check_withdraw(wish, spendable=spendable, facts=facts)
    initiated = WithdrawTransactionInitiated(
        definition_version=WITHDRAW_DEFINITION_VERSION,
        transaction_id=command.transaction_id,
        username=command.username,
        sender_address=wish.sender_address,
        recipient=wish.recipient,
        chain=USDC.chain,
        asset=USDC.symbol,
        amount=wish.amount,
        platform_fee=costs.platform_fee,
        network_cost=wish.network_cost,
        approval_deadline=facts.now + timedelta(seconds=facts.figures.approval_window_seconds),
    )
    return Decision(events=(initiated,))


def initiate_deposit(command: InitiateDepositCommand, facts: Facts) -> Decision:
    """Begins a Deposit. Raises `BelowMinimum`, or `NoProvider` where nobody offers anything."""
    _check_payment(command, minimum=facts.figures.deposit_minimum_cents, within="input")
    initiated = DepositTransactionInitiated(
        transaction_id=command.transaction_id,
        username=command.username,
        address=command.address,
        asset=USDC.symbol,
        fiat_amount=command.fiat_amount,
        fiat_currency=command.fiat_currency,
        usd_value=command.usd_value,
        payment_method=command.payment_method,
        country=command.country,
        platform_fee=share_rounded_down(
            command.offers[0].asset_amount, millionths=facts.figures.deposit_fee_millionths
        ),
        offers=command.offers,
        rejected=command.rejected,
        return_url=command.return_url,
        methods=command.methods,
    )
    return Decision(events=(initiated,))


def initiate_buy_with_payment(command: InitiateDepositCommand, facts: Facts) -> Decision:
    """Begins a Buy of `command.asset`; raises what a Deposit raises."""
    _check_payment(command, minimum=facts.figures.buy_minimum_cents, within=PAYMENT_FIELD)
    least = ASSETS[command.asset].minimum_base_units
    if command.offers[0].asset_amount < least:
        raise BelowMinimum(
            field=f"{PAYMENT_FIELD}.amount",
            minimum=format_asset(least, command.asset),
            asset=command.asset,
        )
    initiated = BuyTransactionInitiated(
        transaction_id=command.transaction_id,
        username=command.username,
        asset=command.asset,
        address=command.address,
        on_ramp=OnRampPurchase(
            fiat_amount=command.fiat_amount,
            fiat_currency=command.fiat_currency,
            usd_value=command.usd_value,
            payment_method=command.payment_method,
            country=command.country,
            offers=command.offers,
            rejected=command.rejected,
            return_url=command.return_url,
            methods=command.methods,
        ),
    )
    return Decision(events=(initiated,))


def _check_payment(command: InitiateDepositCommand, *, minimum: int, within: str) -> None:
    if command.usd_value < minimum * MICRO_USD_PER_CENT:
        raise BelowMinimum(
            field=f"{within}.amount",
            minimum=format_asset(minimum, USD),
            asset=USD,
        )
    if not command.offers:
        reasons = "; ".join(f"{each.provider}: {each.reason}" for each in command.rejected)
        raise NoProvider(reasons=reasons)


def record_refusal(refusal: Refused, *, operation: str, amount: int, asset: str) -> Decision:
    """The attempt, for the log: what is refused moves nothing and opens no transaction."""
    refused = TransactionRefused(operation=operation, code=refusal.code, amount=amount, asset=asset)
    return Decision(events=(refused,))


def cancel(stream: Stream, command: CancelTransactionCommand) -> Decision:
    """Asks all contexts to stop, once: asked again, it answers the same. Raises `NotCancellable` once
    signed bytes are stored, or somebody has begun to pay."""
    position = position_of([event.data for event in stream.events])
    is_over = position.state in TERMINAL_STATES
    is_asked = stream.has(CancellationRequested)
    if is_asked and (position.state is State.FAILED or not (is_over or is_being_paid(stream))):
        return Decision()
    if is_over or is_being_paid(stream) or stream.has(UserActionSubmitted):
        selected = stream.latest(OnRampProviderSelected)
        by = {"provider": selected.provider} if selected else {}
        raise NotCancellable(state=position.state.value, **by)
    return Decision(events=(CancellationRequested(requested_by=command.user_id),))
