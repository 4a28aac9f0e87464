"""Paying in: the user's wishes, from what was typed to what is committed."""

import hashlib
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import urlsplit

import msgspec

from domain.compliance.limits import usd_of_fiat
from domain.compliance.model import assess
from domain.contracts.commands import InitiateDepositCommand
from domain.contracts.services import DepositInput
from domain.provider.ports.onramp import OnRampQuoteRequest, PaymentMethod
from domain.shared.assets import CURRENCIES, USDC, Chain
from domain.shared.decision import Decision, Facts
from domain.shared.errors import InvalidInput, Refused
from domain.shared.ids import StreamId, TransactionId, UserId, derived
from domain.shared.money import format_asset, parse_units
from domain.shared.saga import Origin
from domain.shared.stream import Stream
from domain.shared.unit import JsonObject, KeyClaim
from domain.transaction.errors import BelowMinimum
from domain.transaction.handlers import initiate_deposit, record_refusal
from infrastructure.db.openings import UserOpening
from infrastructure.sagas.engine import Opening, SagaEngine
from infrastructure.services.faults import in_plain_words
from infrastructure.services.inputs import read_key
from infrastructure.services.providers import MethodLimits, OfferDesk, ProviderList
from infrastructure.services.results import again, result_of

FLOW: Final = "deposit"
OPERATION: Final = "initiateDeposit"
RETURN_URL_CHARACTERS_MAX: Final = 2_048
METHODS: Final = frozenset(method.value for method in PaymentMethod)


class Openings(Protocol):
    """Reads what a Deposit has to know before it begins."""

    async def opening(
        self, user_id: UserId, *, chain: Chain, operation: str, key: str
    ) -> UserOpening | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDeposit:
    """A wish to pay in, read: `amount` in hundredths of `currency`."""

    amount: int
    currency: str
    method: PaymentMethod
    return_url: str
    key: str

    @property
    def input_hash(self) -> str:
        """The same for the same wish, however its amount was spelt."""
        content = [self.amount, self.currency, self.method, self.return_url]
        return hashlib.sha256(msgspec.json.encode(content)).hexdigest()


class DepositDesk:
    """Begins Deposits. Every method raises `DomainError` alone."""

    def __init__(
        self, *, engine: SagaEngine, openings: Openings, offers: OfferDesk, listed: ProviderList
    ) -> None:
        self._engine = engine
        self._openings = openings
        self._offers = offers
        self._listed = listed

    async def initiate(self, user_id: UserId, wish: DepositInput) -> TransactionId:
        """Begins a Deposit, once for an idempotency key; what was refused before is again."""
        read = read_deposit(wish)
        with in_plain_words():
            opening = await self._openings.opening(
                user_id, chain=USDC.chain, operation=OPERATION, key=read.key
            )
            if opening is None:
                raise Refused(code="AUTH_FORBIDDEN")
            if opening.known is not None:
                return again(opening.known, read.input_hash)
            try:
                return await self._begin(user_id, opening, read)
            except Refused as refusal:
                replayed = await self._refuse(user_id, opening, read, refusal)
                if replayed is None:
                    raise
            # A twin was faster with this key: its result stands.
            return result_of(replayed)

    async def _begin(
        self, user_id: UserId, opening: UserOpening, read: ReadDeposit
    ) -> TransactionId:
        _check_method(self._listed.payment_methods[read.method], read)
        command = await self._command(user_id, opening, read)

        def begin(_stream: Stream, facts: Facts) -> Decision:
            return initiate_deposit(command, facts=facts)

        decided = await self._engine.decide(
            StreamId(command.transaction_id),
            begin,
            opening=Opening(
                wallet_id=opening.wallet_id,
                origin=Origin(user_id=user_id, correlation_id=str(command.transaction_id)),
            ),
            key=_claim(user_id, read, {"transaction_id": str(command.transaction_id)}),
        )
        return command.transaction_id if decided.replayed is None else result_of(decided.replayed)

    async def _command(
        self, user_id: UserId, opening: UserOpening, read: ReadDeposit
    ) -> InitiateDepositCommand:
        """The wish with what providers offer for it; raises why compliance would stop it."""
        facts = self._engine.facts()
        assess(
            flow=FLOW,
            amount=usd_of_fiat(read.amount, read.currency, facts.figures),
            addresses=(opening.address,),
            profile=opening.profile,
            facts=facts,
            method=read.method,
        )
        offers, rejected = await self._offers.offers(
            OnRampQuoteRequest(
                fiat_amount=read.amount,
                fiat_currency=read.currency,
                asset=USDC,
                payment_method=read.method,
                country=opening.profile.country,
                address=opening.address,
            ),
            amount_cents=read.amount,
            preferred=frozenset(),
        )
        return InitiateDepositCommand(
            transaction_id=TransactionId(derived(user_id, OPERATION, read.key)),
            username=opening.username,
            address=opening.address,
            fiat_amount=read.amount,
            fiat_currency=read.currency,
            payment_method=read.method,
            country=opening.profile.country,
            return_url=read.return_url,
            offers=offers,
            rejected=rejected,
        )

    async def _refuse(
        self, user_id: UserId, opening: UserOpening, read: ReadDeposit, refusal: Refused
    ) -> JsonObject | None:
        """The attempt goes into the log, the refusal under its key; what stood there already."""
        result = {"refused": refusal.code, "field": refusal.field, "details": refusal.details}
        decided = await self._engine.decide(
            StreamId(derived(user_id, "refused", OPERATION, read.key)),
            lambda _stream, _facts: record_refusal(
                refusal, operation=OPERATION, amount=read.amount, asset=read.currency
            ),
            opening=Opening(
                wallet_id=opening.wallet_id,
                origin=Origin(user_id=user_id, correlation_id=read.key),
            ),
            key=_claim(user_id, read, result),
        )
        return decided.replayed


def read_deposit(wish: DepositInput) -> ReadDeposit:
    """Raises `InvalidInput` that names the first field that is wrong."""
    if wish.currency not in CURRENCIES:
        raise InvalidInput(code="VAL_CURRENCY", field="input.currency")
    amount = parse_units(wish.amount, wish.currency, field="input.amount")
    if wish.payment_method not in METHODS:
        raise InvalidInput(code="VAL_PAYMENT_METHOD", field="input.paymentMethod")
    return ReadDeposit(
        amount=amount,
        currency=wish.currency,
        method=PaymentMethod(wish.payment_method),
        return_url=_return_url(wish.return_url or ""),
        key=read_key(wish.idempotency_key),
    )


def _return_url(text: str) -> str:
    """An https address (or one of this machine, for development), or nothing."""
    if not text:
        return ""
    wrong = InvalidInput(code="VAL_RETURN_URL", field="input.returnUrl")
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


def _check_method(limits: MethodLimits, read: ReadDeposit) -> None:
    if read.amount < limits.minimum_cents:
        minimum = format_asset(limits.minimum_cents, read.currency)
        raise BelowMinimum(field="input.amount", minimum=minimum, asset=read.currency)
    if read.amount > limits.maximum_cents:
        raise Refused(code="PRV_LIMIT", field="input.amount")


def _claim(user_id: UserId, read: ReadDeposit, result: JsonObject) -> KeyClaim:
    return KeyClaim(
        principal=str(user_id),
        operation=OPERATION,
        key=read.key,
        input_hash=read.input_hash,
        result=result,
    )
