"""A payout of a simulated off-ramp: USDC comes in, and by and by fiat goes out, or USDC back.

Whoever asks about a payout has it first catch up with the clock; where there is a chain to look at,
the world itself does so as time goes by.
What differs between providers is a `Way`: their names for the states, and their pace.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec
from solders.keypair import Keypair
from solders.signature import Signature

from infrastructure.sandbox.frame.ongoing import Ongoing
from infrastructure.sandbox.frame.world import CarriedOut, World

logger = logging.getLogger(__name__)

OPEN_MAX: Final = 10_000
"""So many payouts are looked through at once; a sandbox has fewer."""
LATE_DEPOSIT_MAX: Final = timedelta(days=7)
"""So long after it was cancelled a payout's address is still looked at."""


class DepositWatch(Protocol):
    """The sandbox's chain, as far as an off-ramp looks at it."""

    async def received(self, *, address: str, asset: str) -> list[tuple[str, int, str]]:
        """What came to an address: transaction hash, base units, sender; oldest first."""
        ...


class Refund(Protocol):
    """Sends an asset on the sandbox's chain."""

    async def send_back(
        self, *, asset: str, amount: int, from_address: str, to_address: str
    ) -> str:
        """From a deposit's address; the hash of the transaction."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """States by name, each with the seconds after which it is entered. Entering `refunded` sends
    the asset back."""

    waiting: str
    onward: tuple[tuple[str, float], ...]
    back: tuple[tuple[str, float], ...]
    undeliverable: tuple[tuple[str, float], ...]
    refunded: str
    cancelled: str


class Step(msgspec.Struct, frozen=True):
    state: str
    at: datetime


class Deposit(msgspec.Struct, frozen=True, kw_only=True):
    transaction_hash: str
    amount: int
    from_address: str


class Payout(msgspec.Struct, kw_only=True):
    """`asset_amount` and `fee` in base units, `developer_fee` and `fiat_amount` in cents."""

    id: str
    key: str | None
    customer: str
    bank_account: str
    rail: str
    asset: str
    asset_amount: int
    developer_fee: int
    fee: int = 0
    fiat_currency: str
    fiat_amount: int
    return_address: str | None
    deposit_address: str
    created_at: datetime
    expires_at: datetime | None = None
    history: list[Step] = []
    schedule: list[Step] = []
    deposit: Deposit | None = None
    refund_hash: str | None = None
    reason: str | None = None

    @property
    def state(self) -> str:
        return self.history[-1].state

    @property
    def updated_at(self) -> datetime:
        return self.history[-1].at


class Payouts:
    """All payouts of one provider. `announce` is told of each state that is entered."""

    def __init__(
        self,
        world: World,
        provider: str,
        way: Way,
        *,
        chain: DepositWatch | None,
        refund: Refund | None,
        announce: Callable[[Payout], None],
    ) -> None:
        self._world = world
        self._provider = provider
        self._collection = f"{provider}_payout"
        self._way = way
        self._chain = chain
        self._refund = refund
        self._announce = announce
        # Looking at the chain waits: two who ask at once must not both move a payout on.
        self._lock = asyncio.Lock()
        self._ongoing = Ongoing(world, self._collection, self.find)
        world.books.append(self._carried_out)
        if chain is not None:
            world.chores.append(self._ongoing.go_on)

    async def open(self, payout: Payout) -> None:
        payout.history = [Step(self._way.waiting, payout.created_at)]
        if payout.expires_at is not None:
            payout.schedule = [Step(self._way.cancelled, payout.expires_at)]
        self._keep(payout)
        self._announce(payout)

    async def find(self, identifier: str) -> Payout | None:
        """As it stands now."""
        async with self._lock:
            return await self._current(identifier)

    async def all(self) -> list[Payout]:
        """As they stand now, newest first."""
        async with self._lock:
            known = list(self._world.memory.all(self._collection, Payout))[-OPEN_MAX:]
            return [await self._caught_up(payout) for payout in reversed(known)]

    async def receive(self, identifier: str, deposit: Deposit) -> Payout | None:
        """The user's funds have come, as far as this provider is concerned; a second time they are
        not looked at."""
        async with self._lock:
            payout = await self._current(identifier)
            if payout is None or payout.deposit is not None:
                return payout
            self._take(payout, deposit)
            return await self._caught_up(payout)

    async def turn(
        self,
        identifier: str,
        steps: tuple[tuple[str, float], ...],
        *,
        reason: str | None = None,
        only_from: str | None = None,
    ) -> Payout | None:
        """From now on it goes this way, whatever was to come; `only_from` a state that it is in."""
        async with self._lock:
            payout = await self._current(identifier)
            if payout is None or only_from not in (None, payout.state):
                return payout
            payout.reason = reason
            payout.schedule = self._from_now(steps)
            self._keep(payout)
            return await self._caught_up(payout)

    async def _current(self, identifier: str) -> Payout | None:
        payout = self._world.memory.get(self._collection, identifier, Payout)
        return None if payout is None else await self._caught_up(payout)

    async def _caught_up(self, payout: Payout) -> Payout:
        await self._look(payout)
        now = self._world.clock.now()
        while payout.schedule and payout.schedule[0].at <= now:
            step = payout.schedule.pop(0)
            if step.state == self._way.refunded:
                payout.refund_hash = await self._send_back(payout)
            payout.history.append(step)
            self._keep(payout)
            self._announce(payout)
        if payout.state == self._way.cancelled and self._is_settled(payout):
            self._keep(payout)
        return payout

    async def _look(self, payout: Payout) -> None:
        """The first deposit counts; what comes after it is not looked at."""
        if self._chain is None or payout.deposit is not None:
            return
        for found in await self._chain.received(address=payout.deposit_address, asset=payout.asset):
            transaction_hash, amount, sender = found
            deposit = Deposit(transaction_hash=transaction_hash, amount=amount, from_address=sender)
            self._take(payout, deposit)
            return

    def _take(self, payout: Payout, deposit: Deposit) -> None:
        """What was not asked for, or comes to a payout that waits no more, goes back."""
        fits = payout.state == self._way.waiting and deposit.amount == payout.asset_amount
        payout.deposit = deposit
        payout.schedule = self._from_now(self._way.onward if fits else self._way.back)
        if not fits:
            payout.reason = "unexpected_deposit"
        self._keep(payout)

    def _from_now(self, steps: tuple[tuple[str, float], ...]) -> list[Step]:
        now = self._world.clock.now()
        return [Step(state, now + timedelta(seconds=seconds)) for state, seconds in steps]

    async def _send_back(self, payout: Payout) -> str | None:
        if payout.deposit is None:
            return None
        if self._refund is None:
            return transaction_hash(f"refund {payout.id}")
        try:
            return await self._refund.send_back(
                asset=payout.asset,
                amount=payout.deposit.amount,
                from_address=payout.deposit_address,
                to_address=payout.return_address or payout.deposit.from_address,
            )
        except ValueError:
            # Nobody's address: it is said to be refunded, and the funds stay where they are.
            logger.exception("payout %s cannot be sent back", payout.id)
            return None

    def _carried_out(self) -> Iterator[CarriedOut]:
        """Those that got something, whatever became of it."""
        for payout in self._world.memory.all(self._collection, Payout):
            if payout.deposit is not None:
                yield CarriedOut(
                    provider=self._provider,
                    reference=payout.id,
                    asset=payout.asset,
                    amount=payout.deposit.amount,
                    transaction_hash=payout.deposit.transaction_hash,
                )

    def _keep(self, payout: Payout) -> None:
        self._world.memory.put(self._collection, payout.id, payout)
        self._ongoing.keep(payout.id, settled=self._is_settled(payout))

    def _is_settled(self, payout: Payout) -> bool:
        """A cancelled one, too, may still get a deposit, which goes back; nobody waits for ever."""
        if payout.schedule:
            return False
        age = self._world.clock.now() - payout.updated_at
        return payout.deposit is not None or (
            payout.state == self._way.cancelled and age > LATE_DEPOSIT_MAX
        )


def transaction_hash(seed: str) -> str:
    """Looks like a Solana transaction's, and is always the same for a seed."""
    return str(Signature(hashlib.sha512(seed.encode()).digest()))


def numbered_addresses(world: World, provider: str) -> Callable[[], str]:
    """A fresh address each time; after a restart the numbers go on."""

    def next_address() -> str:
        number = world.memory.number(f"{provider} deposit address")
        seed = hashlib.sha256(f"{provider} deposit {number}".encode()).digest()
        return str(Keypair.from_seed(seed).pubkey())

    return next_address
