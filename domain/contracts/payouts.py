"""A payout to a bank as it stands: what the provider is to get, what the network takes, and who
offers what for it."""

from dataclasses import dataclass, replace

from domain.contracts.deposit_events import RejectedOffer
from domain.contracts.events import NetworkCost
from domain.contracts.payout_events import PayoutOffer, PayoutRequoted, PayoutRequoteRequested
from domain.contracts.withdraw_events import BankPayout, WithdrawTransactionInitiated
from domain.shared.stream import Stream


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    """`amount` (USDC base units) is what reaches the provider; `offers` are the best first."""

    amount: int
    network_cost: NetworkCost
    offers: tuple[PayoutOffer, ...]
    rejected: tuple[RejectedOffer, ...]

    def offer(self, provider: str) -> PayoutOffer:
        """What that provider quoted."""
        return next(each for each in self.offers if each.provider == provider)


def bank_of(stream: Stream) -> BankPayout:
    """The bank account that the flow pays; LookupError where it pays none."""
    bank = stream.known(WithdrawTransactionInitiated).bank
    if bank is None:
        raise LookupError(f"stream {stream.id} pays no bank")
    return bank


def payout_of(stream: Stream) -> Payout:
    """As the flow opened with it."""
    bank, withdraw = bank_of(stream), stream.known(WithdrawTransactionInitiated)
    return Payout(
        amount=delivered(withdraw, withdraw.network_cost),
        network_cost=withdraw.network_cost,
        offers=bank.offers,
        rejected=bank.rejected,
    )


def payout_in(stream: Stream) -> Payout:
    """As it is now: with the network's cost that was agreed to last, and the offers made last."""
    payout = payout_of(stream)
    for event in stream.events:
        match event.data:
            case PayoutRequoteRequested(amount=amount, network_cost=cost):
                payout = replace(payout, amount=amount, network_cost=cost)
            case PayoutRequoted(offers=offers, rejected=rejected):
                payout = replace(payout, offers=offers, rejected=rejected)
            case _:
                continue
    return payout


def delivered(withdraw: WithdrawTransactionInitiated, cost: NetworkCost) -> int:
    """What is left for the provider where the network costs so much, in USDC base units."""
    return withdraw.amount - withdraw.platform_fee - cost.total_base_units
