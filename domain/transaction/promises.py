"""What each flow's opening promises its user, and what they should know before they begin."""

from collections.abc import Iterable, Sequence

from domain.contracts.buy_events import BuyTransactionInitiated, OnChainPurchase
from domain.contracts.deposit_events import (
    DepositTransactionInitiated,
    PaymentOffer,
    RejectedOffer,
)
from domain.contracts.envelope import EventPayload
from domain.contracts.events import Recipient, SendTransactionInitiated
from domain.contracts.previews import Notice, Promise, own_fees
from domain.contracts.sell_events import SellTransactionInitiated
from domain.contracts.strategy_events import StrategyLaunchInitiated, StrategyStopInitiated
from domain.contracts.swap_events import SwapOffer
from domain.contracts.views import PartyView
from domain.contracts.withdraw_events import (
    BankPayout,
    Conversion,
    WithdrawTransactionInitiated,
)
from domain.shared.assets import ASSETS, USDC, Chain
from domain.shared.figures import Figures
from domain.shared.money import TransactionFee

_MILLION = 1_000_000


def promise_of(opening: EventPayload) -> Promise:
    """What a flow that opens so brings; LookupError for an event that opens none."""
    match opening:
        case WithdrawTransactionInitiated(bank=BankPayout() as bank):
            found = _paid_out(opening, bank)
        case WithdrawTransactionInitiated(conversion=Conversion() as conversion):
            address = opening.recipient.address
            found = _swapped(conversion.offers, conversion.rejected, address)
        case SendTransactionInitiated() | WithdrawTransactionInitiated():
            found = _transferred(opening)
        case DepositTransactionInitiated(platform_fee=fee):
            found = _delivered(opening.offers, opening.rejected, opening.address, fee=fee)
        case BuyTransactionInitiated():
            found = _bought(opening)
        case SellTransactionInitiated():
            fees = opening.platform_fee + opening.network_cost.total_base_units
            found = _swapped(opening.offers, opening.rejected, opening.recipient_address, fees=fees)
        case StrategyLaunchInitiated():
            found = _launched(opening)
        case StrategyStopInitiated():
            found = _stopped(opening)
        case _:
            raise LookupError(f"{opening.type_name()} opens no flow")
    return found


def notices_of(
    opening: EventPayload, promise: Promise, fees: Sequence[TransactionFee], figures: Figures
) -> tuple[Notice, ...]:
    """What is worth knowing of it: dear, imprecise, for ever, or not without risk."""
    return (
        *_cost_notices(opening, promise, own_fees(fees), figures),
        *_slippage_notices(promise, figures),
        *_place_notices(opening),
        *_strategy_notices(opening),
    )


def _transferred(opening: SendTransactionInitiated | WithdrawTransactionInitiated) -> Promise:
    left = opening.amount - opening.platform_fee - opening.network_cost.total_base_units
    return Promise(
        asset=opening.asset,
        received=left,
        least=left,
        recipient=_party(opening.recipient),
        route=(ASSETS[opening.asset].chain,),
    )


def _paid_out(opening: WithdrawTransactionInitiated, bank: BankPayout) -> Promise:
    best = bank.offers[0]
    return Promise(
        asset=bank.fiat_currency,
        received=best.fiat_amount,
        least=None,
        recipient=_party(opening.recipient),
        route=(Chain.SOLANA, best.provider, bank.rail),
        rejected=bank.rejected,
        expires_at=best.expires_at,
    )


def _delivered(
    offers: Sequence[PaymentOffer],
    rejected: tuple[RejectedOffer, ...],
    address: str,
    *,
    fee: int = 0,
) -> Promise:
    best = offers[0]
    return Promise(
        asset=best.asset,
        received=best.asset_amount - fee,
        least=None,
        recipient=PartyView(address=address),
        route=(best.provider,),
        rejected=rejected,
        expires_at=best.expires_at,
    )


def _bought(opening: BuyTransactionInitiated) -> Promise:
    match opening:
        case BuyTransactionInitiated(on_chain=OnChainPurchase() as purchase):
            return _swapped(purchase.offers, purchase.rejected, opening.address)
        case BuyTransactionInitiated(on_ramp=purchase) if purchase:
            return _delivered(purchase.offers, purchase.rejected, opening.address)
        case _:
            raise LookupError("a purchase in no way at all")


def _swapped(
    offers: Sequence[SwapOffer],
    rejected: tuple[RejectedOffer, ...],
    address: str,
    *,
    fees: int = 0,
) -> Promise:
    """`fees` are taken out of what arrives."""
    best = offers[0]
    return Promise(
        asset=best.target,
        received=best.target_amount - fees,
        least=best.target_minimum - fees,
        recipient=PartyView(address=address),
        route=best.route,
        rejected=rejected,
        expires_at=best.expires_at,
    )


def _launched(opening: StrategyLaunchInitiated) -> Promise:
    deployed = opening.amount - opening.network_cost.total_base_units
    return Promise(
        asset=USDC.symbol,
        received=deployed,
        least=deployed,
        recipient=PartyView(address=opening.owner_address),
        route=(opening.terms.provider,),
        rejected=opening.rejected,
    )


def _stopped(opening: StrategyStopInitiated) -> Promise:
    """Until it is signed the position goes on earning, or losing: nobody promises a least, but for much
    less its user is asked first."""
    return Promise(
        asset=USDC.symbol,
        received=opening.value - opening.platform_fee - opening.network_cost.total_base_units,
        least=None,
        recipient=PartyView(address=opening.owner_address),
        route=(opening.provider,),
    )


def _party(recipient: Recipient) -> PartyView:
    return PartyView(username=recipient.username, address=recipient.address)


def _cost_notices(
    opening: EventPayload, promise: Promise, fees: Sequence[TransactionFee], figures: Figures
) -> Iterable[Notice]:
    """Fees in what arrives count against what would arrive without them, the others against what
    is spent."""
    there = sum(fee.amount for fee in fees if fee.asset == promise.asset)
    share = there * _MILLION // max(1, promise.received + there)
    spent = _spent(opening)
    if spent is not None and spent[0] != promise.asset:
        share += sum(fee.amount for fee in fees if fee.asset == spent[0]) * _MILLION // spent[1]
    if share > figures.costs_warned_millionths:
        yield Notice(code="TXN_COSTS_HIGH", details={"percent": _percent(share)})


def _spent(opening: EventPayload) -> tuple[str, int] | None:
    match opening:
        case DepositTransactionInitiated():
            return opening.fiat_currency, opening.fiat_amount
        case BuyTransactionInitiated(on_chain=OnChainPurchase() as purchase):
            return USDC.symbol, purchase.amount
        case BuyTransactionInitiated(on_ramp=paid) if paid:
            return paid.fiat_currency, paid.fiat_amount
        case WithdrawTransactionInitiated() | SellTransactionInitiated():
            return opening.asset, opening.amount
        case _:
            return None


def _slippage_notices(promise: Promise, figures: Figures) -> Iterable[Notice]:
    if promise.least is None:
        return
    lost = (promise.received - promise.least) * _MILLION // max(1, promise.received)
    if lost > figures.slippage_warned_millionths:
        yield Notice(code="TXN_SLIPPAGE_HIGH", details={"percent": _percent(lost)})


def _place_notices(opening: EventPayload) -> Iterable[Notice]:
    match opening:
        case SendTransactionInitiated() | WithdrawTransactionInitiated(bank=None) if (
            opening.recipient.user_id is None
        ):
            yield Notice(code="TXN_RECIPIENT_STRANGER")
        case _:
            return


def _strategy_notices(opening: EventPayload) -> Iterable[Notice]:
    match opening:
        case StrategyLaunchInitiated(terms=terms):
            yield Notice(code="TXN_STRATEGY_CAN_LOSE")
            if terms.lock_seconds:
                days = str(-(-terms.lock_seconds // 86_400))
                yield Notice(code="TXN_STRATEGY_LOCKS", details={"days": days})
        case StrategyStopInitiated(exit_cost=cost) if cost:
            yield Notice(code="TXN_STRATEGY_EXIT_COST")
        case _:
            return


def _percent(millionths: int) -> str:
    """With one digit, rounded down."""
    return f"{millionths // 10_000}.{millionths % 10_000 // 1_000}"
