"""Vaults in memory: the port's promises without a network or a chain."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import msgspec

from domain.provider.ports.answers import Declined, Idempotency, Setback
from domain.provider.ports.defi import Position, StrategyOffer
from domain.provider.ports.unsigned import AccountUse, SolanaInstruction, SolanaInstructions

PRICE_SCALE: Final = 10**18
MILLION: Final = 1_000_000
LOCKED: Final = "LOCKED"
_YEAR_MICROSECONDS: Final = 365 * 86_400 * MILLION
_MEMO: Final = "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr"


@dataclass(frozen=True, slots=True)
class Holding:
    shares: int
    locked_until: datetime | None


class Order(msgspec.Struct, frozen=True):
    """What the instructions say, for `land`. `amount` of USDC where it is a deposit, else shares."""

    is_deposit: bool
    offer: str
    owner: str
    amount: int


class MemoryStrategies:
    """`terms` are its offers as they open; a share then costs one base unit, and earns by `apy`.

    The platform sends what is signed: `land` tells the twin that it landed. What is put into
    `setbacks` is answered next, in that order, instead of anything else.
    """

    idempotency = Idempotency(on_server=False)

    def __init__(
        self,
        *,
        terms: Sequence[StrategyOffer],
        clock: Callable[[], datetime],
        name: str = "memory",
    ) -> None:
        self.name = name
        self.is_up = True
        self.setbacks: deque[Setback] = deque()
        self._terms = {offer.id: offer for offer in terms}
        self._clock = clock
        self._opened_at = clock()
        self._holdings: dict[tuple[str, str], Holding] = {}

    def set_liquidity(self, offer_id: str, liquidity: int | None) -> None:
        self._terms[offer_id] = replace(self._terms[offer_id], liquidity=liquidity)

    def land(self, unsigned: SolanaInstructions) -> int:
        """What the owner gets for it at the present price. ValueError where a chain would refuse."""
        order = msgspec.json.decode(unsigned.instructions[0].data, type=Order)
        place = (order.offer, order.owner)
        held = self._holdings.get(place, Holding(0, None))
        terms = self._terms[order.offer]
        if order.is_deposit:
            got = order.amount * PRICE_SCALE // self._price(terms)
            lock = timedelta(seconds=terms.lock_seconds)
            until = self._clock() + lock if terms.lock_seconds else None
            self._holdings[place] = Holding(held.shares + got, until)
            return got
        if held.shares < order.amount:
            raise ValueError("insufficient shares")
        self._holdings[place] = replace(held, shares=held.shares - order.amount)
        return self._value(terms, order.amount)

    async def healthy(self) -> bool:
        return self.is_up

    async def offers(self) -> tuple[StrategyOffer, ...] | Setback:
        if self.setbacks:
            return self.setbacks.popleft()
        at = self._clock()
        return tuple(replace(offer, source=self.name, at=at) for offer in self._terms.values())

    async def deploy_strategy(
        self, offer_id: str, *, owner: str, fee_payer: str, amount: int
    ) -> SolanaInstructions | Setback:
        del fee_payer
        if self.setbacks:
            return self.setbacks.popleft()
        refused = self._refusal(offer_id, amount)
        if refused is not None:
            return refused
        if amount < self._terms[offer_id].minimum:
            return Declined(code="PRV_LIMIT", reason="less than the minimum")
        return _signed_by(owner, Order(is_deposit=True, offer=offer_id, owner=owner, amount=amount))

    async def get_strategy_status(self, offer_id: str, *, owner: str) -> Position | Setback | None:
        if self.setbacks:
            return self.setbacks.popleft()
        refused = self._refusal(offer_id, 1)
        if refused is not None:
            return refused
        held = self._holdings.get((offer_id, owner))
        if held is None or held.shares == 0:
            return None
        return Position(
            offer_id=offer_id,
            owner=owner,
            shares=held.shares,
            value=self._value(self._terms[offer_id], held.shares),
            source=self.name,
            at=self._clock(),
            locked_until=held.locked_until,
        )

    async def withdraw_from_strategy(
        self, offer_id: str, *, owner: str, fee_payer: str, shares: int
    ) -> SolanaInstructions | Setback:
        del fee_payer
        if self.setbacks:
            return self.setbacks.popleft()
        refused = self._refusal(offer_id, shares) or self._kept(offer_id, owner, shares)
        if refused is not None:
            return refused
        order = Order(is_deposit=False, offer=offer_id, owner=owner, amount=shares)
        return _signed_by(owner, order)

    def _refusal(self, offer_id: str, amount: int) -> Declined | None:
        if offer_id not in self._terms:
            return Declined(code="PRV_UNSUPPORTED", reason="no such offer")
        if amount <= 0:
            return Declined(code="PRV_INVALID", reason="no amount")
        return None

    def _kept(self, offer_id: str, owner: str, shares: int) -> Declined | None:
        """Why the shares cannot be had out."""
        held = self._holdings.get((offer_id, owner), Holding(0, None))
        terms = self._terms[offer_id]
        if held.locked_until is not None and held.locked_until > self._clock():
            reason = f"locked until {held.locked_until.isoformat()}"
            return Declined(code="PRV_DECLINED", reason=reason, provider_code=LOCKED)
        if held.shares < shares:
            return Declined(code="PRV_DECLINED", reason="insufficient shares")
        if terms.liquidity is not None and terms.liquidity < self._value(terms, shares):
            return Declined(code="PRV_DECLINED", reason="insufficient liquidity")
        return None

    def _price(self, terms: StrategyOffer) -> int:
        rate = int((terms.apy or 0) * MILLION)
        elapsed = (self._clock() - self._opened_at) // timedelta(microseconds=1)
        return PRICE_SCALE + PRICE_SCALE * rate * elapsed // (MILLION * _YEAR_MICROSECONDS)

    def _value(self, terms: StrategyOffer, shares: int) -> int:
        gross = shares * self._price(terms) // PRICE_SCALE
        return gross - -(-gross * terms.exit_fee_millionths // MILLION)


def _signed_by(owner: str, order: Order) -> SolanaInstructions:
    signer = AccountUse(address=owner, is_signer=True, is_writable=False)
    data = msgspec.json.encode(order)
    step = SolanaInstruction(program=_MEMO, accounts=(signer,), data=data)
    return SolanaInstructions(instructions=(step,))
