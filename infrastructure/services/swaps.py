"""Buying on a chain and selling: the user's wishes, from what was typed to what is committed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol
from uuid import UUID

from domain.compliance.model import assess
from domain.contracts.deposit_events import RejectedOffer
from domain.contracts.events import NetworkCost, Recipient
from domain.contracts.gas import Gas
from domain.contracts.previews import Preview
from domain.contracts.services import ExternalAddress, SwapInput
from domain.contracts.swap_events import SwapOffer
from domain.provider.ports.answers import Setback
from domain.provider.ports.chain import ChainGateway, NetworkFee
from domain.provider.ports.dex import DEXProvider, SwapQuote, SwapRequest
from domain.provider.registry import Capability, ProviderKind, Wanted
from domain.provider.valuation import cents_rounded_up, usd_value_rounded_up
from domain.shared.assets import ASSETS, SOL, USDC, Asset, Chain
from domain.shared.decision import Decision, Facts
from domain.shared.errors import InvalidInput, Refused
from domain.shared.figures import Figures
from domain.shared.ids import TransactionId, UserId
from domain.shared.money import parse_amount, share_rounded_down
from domain.shared.screening import normal_form
from domain.transaction.swaps import (
    InitiateSwapCommand,
    initiate_buy,
    initiate_sell,
    initiate_withdraw_with_conversion,
)
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.db.swaps import SwapOpening
from infrastructure.sagas.engine import SagaEngine
from infrastructure.services.addresses import check_spendable, read_address
from infrastructure.services.costs import NetworkCosts
from infrastructure.services.faults import in_plain_words
from infrastructure.services.initiations import Initiations
from infrastructure.services.inputs import read_key, read_slippage
from infrastructure.services.offers import Bid, OfferCollector, fees_by
from infrastructure.services.prices import PriceBook
from infrastructure.services.wishes import Plan, Wish

WALLET: Final = "input.destination.externalWallet"
ADDRESS: Final = f"{WALLET}.address"


class Openings(Protocol):
    """Reads what a swap has to know before it begins."""

    async def opening(
        self, user_id: UserId, *, source: Asset, operation: str, key: str
    ) -> SwapOpening | None: ...

    async def recipient(self, address: str, *, chain: Chain) -> Recipient: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapFlow:
    """A flow that is a swap: `name` is the one that compliance knows.

    `fee` is what the platform takes of an amount before it is swapped.
    """

    name: str
    operation: str
    begin: Callable[[InitiateSwapCommand, Facts], Decision]
    fee: Callable[[int, Figures], int] = lambda _amount, _figures: 0

    def assets(self, named: Asset) -> tuple[Asset, Asset]:
        """What is spent, and what it becomes."""
        return (named, USDC) if self.name == "sell" else (USDC, named)


def _withdraw_fee(amount: int, figures: Figures) -> int:
    return share_rounded_down(amount, millionths=figures.withdraw_fee_millionths)


BUY: Final = SwapFlow(name="buy", operation="initiateBuy", begin=initiate_buy)
SELL: Final = SwapFlow(name="sell", operation="initiateSell", begin=initiate_sell)
WITHDRAW: Final = SwapFlow(
    name="withdraw",
    operation="initiateWithdraw",
    begin=initiate_withdraw_with_conversion,
    fee=_withdraw_fee,
)
"""To another asset, at an address that is not the user's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSwap:
    """A wish to swap, read: `amount` in base units of the source; `address` where the target goes, if
    not to the user's own."""

    source: Asset
    target: Asset
    amount: int
    slippage_millionths: int
    key: str
    quote_id: UUID | None = None
    address: str | None = None

    @property
    def content(self) -> list[object]:
        """The same for the same wish, however its amount was spelt."""
        content: list[object] = [
            self.source.symbol,
            self.target.symbol,
            self.amount,
            self.slippage_millionths,
        ]
        if self.address is not None:
            content.append(self.address)
        return content


class SwapDesk:
    """Begins the swaps of one flow. Every method raises `DomainError` alone."""

    def __init__(
        self,
        flow: SwapFlow,
        *,
        engine: SagaEngine,
        initiations: Initiations,
        openings: Openings,
        gateway: SolanaGateway,
        network: NetworkCosts,
        dexes: Mapping[str, DEXProvider],
        chains: Mapping[Chain, ChainGateway],
        offers: OfferCollector,
        prices: PriceBook,
    ) -> None:
        self._flow = flow
        self._engine = engine
        self._initiations = initiations
        self._openings = openings
        self._gateway = gateway
        self._network = network
        self._dexes = dexes
        self._chains = chains
        self._offers = offers
        self._prices = prices

    async def initiate(self, user_id: UserId, wish: SwapInput) -> TransactionId:
        """Begins it, once for an idempotency key; what was refused before is again."""
        read = self._read(wish)
        with in_plain_words():
            opening = await self._opening(user_id, read)
            begun = self._wished(user_id, opening, read)
            return await self._initiations.begin(begun, self._plan(opening, read, begun))

    async def preview(self, user_id: UserId, wish: SwapInput) -> Preview:
        """What it would cost and bring now; raises why it would be refused."""
        read = self._read(wish)
        with in_plain_words():
            opening = await self._opening(user_id, read)
            begun = self._wished(user_id, opening, read)
            return await self._initiations.preview(begun, self._plan(opening, read, begun))

    def _read(self, wish: SwapInput) -> ReadSwap:
        figures = self._engine.policy.figures
        read = read_swap(self._flow, wish, default=figures.slippage_millionths)
        if read.slippage_millionths > figures.slippage_millionths_max:
            raise InvalidInput(code="VAL_SLIPPAGE", field="input.maxSlippagePercent")
        return read

    async def _opening(self, user_id: UserId, read: ReadSwap) -> SwapOpening:
        opening = await self._openings.opening(
            user_id, source=read.source, operation=self._flow.operation, key=read.key
        )
        if opening is None:
            raise Refused(code="AUTH_FORBIDDEN")
        return opening

    def _wished(self, user_id: UserId, opening: SwapOpening, read: ReadSwap) -> Wish:
        return Wish.of(
            user_id,
            opening,
            operation=self._flow.operation,
            key=read.key,
            content=read.content,
            amount=read.amount,
            asset=read.source.symbol,
            quote_id=read.quote_id,
        )

    def _plan(self, opening: SwapOpening, read: ReadSwap, wish: Wish) -> Plan[InitiateSwapCommand]:
        return Plan(
            command=InitiateSwapCommand,
            prepare=lambda: self._prepared(opening, read, wish),
            renew=lambda quoted: replace(
                quoted,
                transaction_id=wish.transaction_id,
                spendable=opening.spendable,
                gas_spendable=opening.gas_spendable,
            ),
            begin=self._flow.begin,
            spendable=opening.spendable,
            counterparty=lambda command: command.recipient.wallet_id if command.recipient else None,
        )

    async def _prepared(
        self, opening: SwapOpening, read: ReadSwap, wish: Wish
    ) -> InitiateSwapCommand:
        """The beginning with what providers offer for it; raises why compliance would stop it."""
        sender = _address(opening, read.source)
        outward = await self._outward(opening, read)
        recipient = outward.address if outward else _address(opening, read.target)
        usd_value = await self._usd_value(read)
        assess(
            flow=self._flow.name,
            amount=usd_value,
            addresses=(sender, recipient),
            profile=opening.profile,
            facts=self._engine.facts(),
        )
        fee = self._flow.fee(read.amount, self._engine.policy.figures)
        cost = await self._cost(sender, read, fee=fee)
        request = SwapRequest(
            source=read.source,
            target=read.target,
            # What the network takes is paid in USDC, out of what is spent or out of what arrives.
            amount=read.amount - (fee + cost.total_base_units if read.source == USDC else 0),
            slippage_millionths=read.slippage_millionths,
            sender=sender,
            recipient=recipient,
            fee_payer=str(self._gateway.fee_payer),
        )
        offers, rejected = await self._offered(request, usd_value, opening)
        return InitiateSwapCommand(
            transaction_id=wish.transaction_id,
            username=opening.username,
            source=read.source.symbol,
            target=read.target.symbol,
            amount=read.amount,
            usd_value=usd_value,
            spendable=opening.spendable,
            gas_spendable=opening.gas_spendable,
            sender_address=sender,
            recipient_address=recipient,
            network_cost=cost,
            slippage_millionths=read.slippage_millionths,
            offers=offers,
            rejected=rejected,
            recipient=outward,
            platform_fee=fee,
        )

    async def _usd_value(self, read: ReadSwap) -> int:
        """Of what is spent. USDC counts as US dollars; another asset by a price that is fresh."""
        if read.source == USDC:
            return read.amount
        value = await self._prices.usd_value(read.amount, read.source, rounded=usd_value_rounded_up)
        return value.micro_usd

    async def _outward(self, opening: SwapOpening, read: ReadSwap) -> Recipient | None:
        """Whose the address is that was named; None where it is one of the user's own."""
        chain, address = read.target.chain, read.address
        own = opening.addresses.get(chain, "")
        if address is None or normal_form(address) == normal_form(own):
            return None
        await check_spendable(chain, address, gateway=self._gateway, field=ADDRESS)
        return await self._openings.recipient(address, chain=chain)

    async def _cost(self, sender: str, read: ReadSwap, *, fee: int) -> NetworkCost:
        if read.source.chain is not Chain.SOLANA:
            return await self._gas(sender, read.source)
        cost = await self._network.of_swap(sender, wraps=SOL in {read.source, read.target})
        if read.source == USDC and cost.total_base_units + fee >= read.amount:
            raise Refused(code="TXN_FEES_EXCEED_AMOUNT", field="input.amount")
        return cost

    async def _gas(self, sender: str, source: Asset) -> NetworkCost:
        """Where there is no sponsor: what the chain may take of the user, in its own asset."""
        chain = self._chains.get(source.chain)
        if chain is None:
            raise Refused(code="PRV_UNAVAILABLE")
        fee = await chain.call_fee(sender, source)
        if not isinstance(fee, NetworkFee):
            raise Refused(code="PRV_UNAVAILABLE", reason=fee.reason)
        return NetworkCost(
            network_fee_lamports=0,
            rent_lamports=0,
            total_base_units=0,
            gas=Gas(asset=fee.asset, amount=fee.amount),
        )

    async def _offered(
        self, request: SwapRequest, usd_value: int, opening: SwapOpening
    ) -> tuple[tuple[SwapOffer, ...], tuple[RejectedOffer, ...]]:
        crosses = request.source.chain is not request.target.chain
        wanted = Wanted(
            kind=ProviderKind.DEX,
            capability=Capability.BRIDGE if crosses else Capability.SWAP,
            asset=request.target.symbol,
            source=request.source.symbol,
            amount_cents=cents_rounded_up(usd_value),
            country=opening.profile.country,
            chains=frozenset({request.source.chain, request.target.chain}),
        )

        async def ask(provider: DEXProvider) -> Bid[SwapQuote] | Setback:
            quote = await provider.get_quote(request)
            if not isinstance(quote, SwapQuote):
                return quote
            return Bid(quote, delivered=quote.target_amount, seconds=quote.estimated_seconds)

        collected = await self._offers.collect(
            wanted, self._dexes, ask, preferred=opening.preferred
        )
        offers = tuple(_offer(each.quote, each.provider, each.score) for each in collected.offers)
        return offers, collected.rejected


def read_swap(flow: SwapFlow, wish: SwapInput, *, default: int) -> ReadSwap:
    """Raises `InvalidInput` that names the first field that is wrong."""
    there = wish.destination
    named = ASSETS.get(wish.asset)
    if named is None or named == USDC:
        field = "input.targetAsset" if there else "input.asset"
        raise InvalidInput(code="VAL_ASSET_UNTRADED", field=field)
    source, target = flow.assets(named)
    slippage = wish.max_slippage_percent
    return ReadSwap(
        source=source,
        target=target,
        amount=parse_amount(wish.amount, source, field="input.amount"),
        slippage_millionths=default if slippage is None else read_slippage(slippage),
        key=read_key(wish.idempotency_key),
        quote_id=wish.quote_id,
        address=None if there is None else _read_destination(there, target),
    )


def _read_destination(there: ExternalAddress, target: Asset) -> str:
    if there.chain != target.chain:
        raise InvalidInput(code="VAL_CHAIN", field=f"{WALLET}.chain")
    return read_address(target.chain, there.address, field=ADDRESS)


def _address(opening: SwapOpening, asset: Asset) -> str:
    address = opening.addresses.get(asset.chain)
    if address is None:
        raise Refused(code="TXN_NO_ADDRESS", field="input.asset")
    return address


def _offer(quote: SwapQuote, name: str, score: int) -> SwapOffer:
    return SwapOffer(
        provider=name,
        target=quote.request.target.symbol,
        target_amount=quote.target_amount,
        target_minimum=quote.target_minimum,
        fees=fees_by(name, quote.fees),
        route=quote.route,
        expires_at=quote.expires_at,
        estimated_seconds=quote.estimated_seconds,
        score=score,
    )
