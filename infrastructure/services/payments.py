"""Paying with fiat: the user's wishes, from what was typed to what is committed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol
from urllib.parse import urlsplit
from uuid import UUID

from domain.compliance.model import assess
from domain.contracts.commands import InitiateDepositCommand
from domain.contracts.previews import Preview
from domain.contracts.services import DepositInput
from domain.provider.ports.onramp import OnRampQuoteRequest, PaymentMethod
from domain.provider.valuation import cents_rounded_up
from domain.shared.assets import ASSETS, CURRENCIES, Asset, Chain
from domain.shared.decision import Decision, Facts
from domain.shared.errors import InvalidInput, Refused
from domain.shared.ids import TransactionId, UserId
from domain.shared.money import format_asset, parse_units
from domain.transaction.errors import BelowMinimum
from domain.transaction.handlers import (
    PAYMENT_FIELD,
    initiate_buy_with_payment,
    initiate_deposit,
)
from infrastructure.db.openings import UserOpening
from infrastructure.sagas.engine import SagaEngine
from infrastructure.services.faults import in_plain_words
from infrastructure.services.initiations import Initiations
from infrastructure.services.inputs import read_key
from infrastructure.services.prices import PriceBook
from infrastructure.services.providers import MethodLimits, OfferDesk, ProviderList
from infrastructure.services.wishes import Plan, Wish

RETURN_URL_CHARACTERS_MAX: Final = 2_048
METHODS: Final = frozenset(method.value for method in PaymentMethod)


class Openings(Protocol):
    """Reads what a Deposit has to know before it begins."""

    async def opening(
        self, user_id: UserId, *, chain: Chain, operation: str, key: str
    ) -> UserOpening | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFlow:
    """A flow that is a payment: `name` is the one that compliance knows, `within` where its input
    has what is paid and how."""

    name: str
    operation: str
    within: str
    begin: Callable[[InitiateDepositCommand, Facts], Decision]


DEPOSIT: Final = PaymentFlow(
    name="deposit", operation="initiateDeposit", within="input", begin=initiate_deposit
)
BUY: Final = PaymentFlow(
    name="buy",
    operation="initiateBuy",
    within=PAYMENT_FIELD,
    begin=initiate_buy_with_payment,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPayment:
    """A wish to pay, read: `amount` in hundredths of `currency`, for `asset`; `preferred` are the
    providers that know the payment method already."""

    asset: Asset
    amount: int
    currency: str
    method: PaymentMethod
    return_url: str
    key: str
    preferred: frozenset[str] = frozenset()
    quote_id: UUID | None = None

    @property
    def content(self) -> list[object]:
        """The same for the same wish, however its amount was spelt."""
        return [
            self.asset.symbol,
            self.amount,
            self.currency,
            self.method,
            self.return_url,
            *sorted(self.preferred),
        ]


class PaymentDesk:
    """Begins the payments of one flow. Every method raises `DomainError` alone."""

    def __init__(
        self,
        flow: PaymentFlow,
        *,
        engine: SagaEngine,
        initiations: Initiations,
        openings: Openings,
        offers: OfferDesk,
        prices: PriceBook,
        listed: ProviderList,
    ) -> None:
        self._flow = flow
        self._engine = engine
        self._initiations = initiations
        self._openings = openings
        self._offers = offers
        self._prices = prices
        self._listed = listed

    async def initiate(self, user_id: UserId, wish: DepositInput) -> TransactionId:
        """Begins it, once for an idempotency key; what was refused before is again."""
        read = read_payment(wish, within=self._flow.within)
        with in_plain_words():
            opening = await self._opening(user_id, read)
            begun = self._wished(user_id, opening, read)
            return await self._initiations.begin(begun, self._plan(opening, read, begun))

    async def preview(self, user_id: UserId, wish: DepositInput) -> Preview:
        """What it would cost and bring now; raises why it would be refused."""
        read = read_payment(wish, within=self._flow.within)
        with in_plain_words():
            opening = await self._opening(user_id, read)
            begun = self._wished(user_id, opening, read)
            return await self._initiations.preview(begun, self._plan(opening, read, begun))

    async def _opening(self, user_id: UserId, read: ReadPayment) -> UserOpening:
        opening = await self._openings.opening(
            user_id, chain=read.asset.chain, operation=self._flow.operation, key=read.key
        )
        if opening is None:
            raise Refused(code="TXN_NO_ADDRESS", field="input.asset")
        return opening

    def _wished(self, user_id: UserId, opening: UserOpening, read: ReadPayment) -> Wish:
        return Wish.of(
            user_id,
            opening,
            operation=self._flow.operation,
            key=read.key,
            content=read.content,
            amount=read.amount,
            asset=read.currency,
            quote_id=read.quote_id,
        )

    def _plan(
        self, opening: UserOpening, read: ReadPayment, wish: Wish
    ) -> Plan[InitiateDepositCommand]:
        return Plan(
            command=InitiateDepositCommand,
            prepare=lambda: self._prepared(opening, read, wish),
            renew=lambda quoted: replace(quoted, transaction_id=wish.transaction_id),
            begin=self._flow.begin,
        )

    async def _prepared(
        self, opening: UserOpening, read: ReadPayment, wish: Wish
    ) -> InitiateDepositCommand:
        """The beginning with what providers offer for it; raises why compliance would stop it."""
        check_method(
            self._listed.payment_methods[read.method],
            read.amount,
            read.currency,
            field=f"{self._flow.within}.amount",
        )
        usd_value = await self._prices.fiat_value(read.amount, read.currency)
        assess(
            flow=self._flow.name,
            amount=usd_value,
            addresses=(opening.address,),
            profile=opening.profile,
            facts=self._engine.facts(),
            method=read.method,
        )
        request = OnRampQuoteRequest(
            fiat_amount=read.amount,
            fiat_currency=read.currency,
            asset=read.asset,
            payment_method=read.method,
            country=opening.profile.country,
            address=opening.address,
        )
        amount_cents = cents_rounded_up(usd_value)
        offers, rejected = await self._offers.offers(
            request, amount_cents=amount_cents, preferred=opening.preferred | read.preferred
        )
        return InitiateDepositCommand(
            transaction_id=wish.transaction_id,
            username=opening.username,
            address=opening.address,
            asset=read.asset.symbol,
            fiat_amount=read.amount,
            fiat_currency=read.currency,
            usd_value=usd_value,
            payment_method=read.method,
            country=opening.profile.country,
            return_url=read.return_url,
            offers=offers,
            rejected=rejected,
            methods=self._methods(request, amount_cents),
        )

    def _methods(self, request: OnRampQuoteRequest, amount_cents: int) -> tuple[str, ...]:
        """With which it could be paid, as far as is known without asking anybody."""
        return tuple(
            method.value
            for method in PaymentMethod
            if self._listed.payment_methods[method].takes(request.fiat_amount)
            and self._offers.is_taken(
                replace(request, payment_method=method), amount_cents=amount_cents
            )
        )


def read_payment(wish: DepositInput, *, within: str) -> ReadPayment:
    """Raises `InvalidInput` that names the first field that is wrong; most are `within` one."""
    asset = ASSETS.get(wish.asset)
    if asset is None:
        raise InvalidInput(code="VAL_ASSET_UNTRADED", field="input.asset")
    if wish.currency not in CURRENCIES:
        raise InvalidInput(code="VAL_CURRENCY", field=f"{within}.currency")
    amount = parse_units(wish.amount, wish.currency, field=f"{within}.amount")
    if wish.payment_method not in METHODS:
        raise InvalidInput(code="VAL_PAYMENT_METHOD", field=f"{within}.paymentMethod")
    return ReadPayment(
        asset=asset,
        amount=amount,
        currency=wish.currency,
        method=PaymentMethod(wish.payment_method),
        return_url=_return_url(wish.return_url or "", field=f"{within}.returnUrl"),
        key=read_key(wish.idempotency_key),
        preferred=frozenset([wish.provider] if wish.provider else ()),
        quote_id=wish.quote_id,
    )


def _return_url(text: str, *, field: str) -> str:
    """An https address (or one of this machine, for development), or nothing."""
    if not text:
        return ""
    wrong = InvalidInput(code="VAL_RETURN_URL", field=field)
    if len(text) > RETURN_URL_CHARACTERS_MAX:
        raise wrong
    try:
        parts = urlsplit(text)
    except ValueError:
        raise wrong from None
    is_local = parts.scheme == "http" and parts.hostname in {"localhost", "127.0.0.1"}
    if not parts.hostname or (parts.scheme != "https" and not is_local):
        raise wrong
    return text


def check_method(limits: MethodLimits, amount: int, currency: str, *, field: str) -> None:
    """Raises where the method does not take so much (hundredths of the currency)."""
    if amount < limits.minimum_cents:
        minimum = format_asset(limits.minimum_cents, currency)
        raise BelowMinimum(field=field, minimum=minimum, asset=currency)
    if amount > limits.maximum_cents:
        raise Refused(code="PRV_LIMIT", field=field)
