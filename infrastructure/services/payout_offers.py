"""What off-ramps offer for a payout to a bank account that they know."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.contracts.deposit_events import RejectedOffer
from domain.contracts.payout_events import PayoutOffer
from domain.provider.ports.answers import Declined, Setback
from domain.provider.ports.offramp import OffRampProvider, OffRampQuote, OffRampQuoteRequest
from domain.provider.registry import Capability, ProviderKind, Wanted
from domain.provider.valuation import cents_rounded_up
from infrastructure.db.bank_accounts import BankToken
from infrastructure.services.offers import Bid, OfferCollector, fees_by


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutOfferDesk:
    """Asks off-ramps for offers for a payout."""

    collector: OfferCollector
    providers: Mapping[str, OffRampProvider]

    async def offers(
        self,
        request: OffRampQuoteRequest,
        tokens: Mapping[str, BankToken],
        *,
        country: str = "",
        preferred: frozenset[str] = frozenset(),
    ) -> tuple[tuple[PayoutOffer, ...], tuple[RejectedOffer, ...]]:
        """The best first, and who is out with the reason. `tokens` by provider: who has none does not
        know the account. `country` is where the user lives; "": whom they may use was seen before."""
        wanted = Wanted(
            kind=ProviderKind.OFF_RAMP,
            capability=Capability.PAY_OUT,
            asset=request.asset.symbol,
            amount_cents=cents_rounded_up(request.asset_amount),
            country=country,
            currency=request.fiat_currency,
            method=request.rail,
            chains=frozenset({request.asset.chain}),
        )

        async def ask(provider: OffRampProvider) -> Bid[OffRampQuote] | Setback:
            if provider.name not in tokens:
                return Declined(code="PRV_BANK_ACCOUNT", reason="does not know the bank account")
            quote = await provider.quote(request)
            if not isinstance(quote, OffRampQuote):
                return quote
            return Bid(quote, delivered=quote.fiat_amount, seconds=quote.estimated_seconds)

        collected = await self.collector.collect(wanted, self.providers, ask, preferred=preferred)
        offers = tuple(
            _offer(each.quote, each.provider, each.score, tokens[each.provider])
            for each in collected.offers
        )
        return offers, collected.rejected


def _offer(quote: OffRampQuote, name: str, score: int, known: BankToken) -> PayoutOffer:
    return PayoutOffer(
        provider=name,
        fiat_amount=quote.fiat_amount,
        fiat_currency=quote.request.fiat_currency,
        fees=fees_by(name, quote.fees),
        expires_at=quote.expires_at,
        estimated_seconds=quote.estimated_seconds,
        score=score,
        customer=known.customer,
        bank_account=known.token,
        reference=quote.reference,
    )
