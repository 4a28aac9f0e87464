"""What must be true once all customers have what they wanted, whatever was killed meanwhile.

Three accounts of the same money are held against each other: what the customers were told of their
sends, what the ledger says, and what the chain shows over its JSON-RPC.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

import msgspec
from solders.pubkey import Pubkey

from domain.contracts.event_types import EVENT_TYPES
from domain.shared.accounts import FEE_PAYER, available, fees
from domain.shared.assets import USDC
from domain.shared.unit import Account, Group
from infrastructure.chains.solana.addresses import associated_token_account, reference_of
from infrastructure.db.invariants import check
from infrastructure.db.pool import Pool
from infrastructure.messaging.projections import SHOWN_TO_COUNTERPARTY
from resolvers.ids import Kind, decode
from tests.integration.sagas.customers import FIRST_USDC, TERMINAL, Customer, Phone, Sent
from tests.integration.sagas.processes import Platform

# A worker that was killed keeps the lease of looking for deposits for fifteen seconds.
CALM_SECONDS_MAX: Final = 30.0
SEEN_BY_BOTH: Final = tuple(
    name for name, payload in EVENT_TYPES.items() if payload in SHOWN_TO_COUNTERPARTY
)
"""The types that a transaction's other side hears of too."""
_POLL_SECONDS: Final = 0.2
_OUTCOME: Final = """query ($id: ID!) { transaction(id: $id) {
  state reason waitingOn receivedAmount chainSignature userActions { status } } }"""
# A deadline that is not due yet calls nobody: one of an earlier attempt may outlast its send.
_LEFT_OPEN: Final = """
    SELECT stream_id, kind, state, lease_until FROM effect
    WHERE state IN ('INTENT', 'PENDING', 'UNKNOWN') AND NOT stream_id = ANY ($1)
        AND (kind <> 'leg.sign_deadline' OR due_at < clock_timestamp())
"""
_UNHEARD: Final = """
    SELECT s.id, g.name FROM stream s, unnest($1::text[]) AS g(name)
    WHERE coalesce((s.handled->>g.name)::int, 0) <> s.sequence
"""
_PARKED: Final = """SELECT stream_id, reason FROM parked
    UNION ALL SELECT stream_id, reason FROM effect_waiting_for_operator"""
_LOOKED_UP_TO: Final = "SELECT signature FROM deposit_cursor WHERE address = $1 AND asset = 'USDC'"
_POSTED: Final = "SELECT posted FROM balance WHERE account_id = $1"
_EVENTS: Final = """
    SELECT type, sequence FROM outbox
    WHERE stream_id = ANY ($1)
        AND (wallet_id = $2 OR counterparty_wallet_id = $2 AND type = ANY ($3))
    ORDER BY generation, xid, id
"""


class _Action(msgspec.Struct, frozen=True):
    status: str


class _Shown(msgspec.Struct, frozen=True, rename="camel"):
    state: str
    reason: str | None
    waiting_on: str
    received_amount: str | None
    chain_signature: str | None
    user_actions: list[_Action]


class _Found(msgspec.Struct, frozen=True):
    transaction: _Shown


@dataclass(frozen=True, slots=True)
class Outcome:
    """A send as the API shows it in the end; amounts in base units."""

    sent: Sent
    shown: _Shown

    @property
    def id(self) -> UUID:
        return decode(Kind.TRANSACTION, self.sent.transaction_id)

    @property
    def is_completed(self) -> bool:
        return self.shown.state == "COMPLETED"

    @property
    def is_terminal(self) -> bool:
        return self.shown.state in TERMINAL

    @property
    def waits_for_its_user(self) -> bool:
        asked = any(action.status == "PENDING" for action in self.shown.user_actions)
        return asked and self.shown.waiting_on == "USER"

    @property
    def received(self) -> int:
        return int(Decimal(self.shown.received_amount or 0).scaleb(USDC.decimals))


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """All that is known of a run; the fee payer had `lamports_before` when it began."""

    platform: Platform
    pool: Pool
    phones: Sequence[Phone]
    sent: Sequence[Sent]
    lamports_before: int

    async def run(self) -> Counter[str]:
        """Fails with what is wrong; how many sends are in which state, or failed for which reason."""
        outcomes = await self._ended()
        await self._nothing_is_left_to_do(outcomes)
        violations = await self._violations()
        assert not violations
        await self._nothing_was_sent_twice(outcomes)
        await self._balances_agree(outcomes)
        await self._every_event_was_heard(outcomes)
        return Counter(outcome.shown.reason or outcome.shown.state for outcome in outcomes)

    async def _ended(self) -> list[Outcome]:
        """Each send is terminal or waits for its user. One that is rebuilt just now waits soon."""
        outcomes: list[Outcome] = []

        async def astray() -> list[Outcome]:
            outcomes[:] = [await self._outcome(sent) for sent in self.sent]
            return [o for o in outcomes if not (o.is_terminal or o.waits_for_its_user)]

        await until_empty(astray)
        return outcomes

    async def _outcome(self, sent: Sent) -> Outcome:
        phone = next(phone for phone in self.phones if phone.customer == sent.sender)
        found = await phone.ask(_OUTCOME, _Found, id=sent.transaction_id)
        return Outcome(sent, found.transaction)

    async def _nothing_is_left_to_do(self, outcomes: Sequence[Outcome]) -> None:
        """Nothing but what waits, and the look for deposits has come by everywhere: what it would
        book twice, it has booked."""
        waiting = [outcome.id for outcome in outcomes if not outcome.is_terminal]
        await come_to_rest(self.pool, waiting)
        await until_empty(self._not_looked_at)

    async def _not_looked_at(self) -> list[str]:
        left = []
        for customer in self._customers():
            newest = await self.platform.rpc.signatures_for_address(
                associated_token_account(customer.address), limit=1
            )
            looked = await self.pool.fetchval(_LOOKED_UP_TO, str(customer.address))
            if newest[0].signature != looked:
                left.append(customer.username)
        return left

    async def _violations(self) -> list[str]:
        async with self.pool.acquire() as connection:
            return [f"{found.invariant}: {found.detail}" for found in await check(connection)]

    async def _nothing_was_sent_twice(self, outcomes: Sequence[Outcome]) -> None:
        """The chain has one transaction a completed send, the one that the API names, and none
        of any other: every transfer carries its send's reference."""
        for outcome in outcomes:
            listed = await self.platform.rpc.signatures_for_address(reference_of(outcome.id))
            expected = [outcome.shown.chain_signature] if outcome.is_completed else []
            assert [info.signature for info in listed] == expected, outcome.shown
            assert [info.err for info in listed] == [None] * len(expected), outcome.shown

    async def _balances_agree(self, outcomes: Sequence[Outcome]) -> None:
        """What completed sends say, what is posted and what the chain holds is one and the same."""
        completed = [outcome for outcome in outcomes if outcome.is_completed]
        expected = Counter({c.wallet_id: FIRST_USDC * 10**USDC.decimals for c in self._customers()})
        for outcome in completed:
            expected[outcome.sent.sender.wallet_id] -= outcome.sent.wish.amount
            expected[outcome.sent.wish.recipient.wallet_id] += outcome.received
        for customer in self._customers():
            told = expected[customer.wallet_id]
            posted = await self._posted(available(customer.wallet_id))
            assert (posted, await self._held(customer.address)) == (told, told), customer.username
        paid = sum(outcome.sent.wish.amount - outcome.received for outcome in completed)
        treasury = self.platform.fee_payer.pubkey()
        assert (await self._posted(fees(USDC)), await self._held(treasury)) == (paid, paid)
        lamports = await self.platform.rpc.balance(treasury)
        assert lamports - self.lamports_before == await self._posted(FEE_PAYER)

    async def _every_event_was_heard(self, outcomes: Sequence[Outcome]) -> None:
        """Live, each once and in the log's order, over every lost connection."""
        streams = [outcome.id for outcome in outcomes]
        logged = {phone: await self._logged(streams, phone.customer) for phone in self.phones}

        async def still_on_their_way() -> list[str]:
            late = [phone for phone in self.phones if len(phone.heard) < len(logged[phone])]
            return [phone.customer.username for phone in late]

        await until_empty(still_on_their_way)
        for phone, expected in logged.items():
            assert [(event.type, event.sequence) for event in phone.heard] == expected

    async def _logged(self, streams: Sequence[UUID], customer: Customer) -> list[tuple[str, int]]:
        """Of these streams what the customer may see, as their sender or their recipient."""
        rows = await self.pool.fetch(_EVENTS, streams, customer.wallet_id, SEEN_BY_BOTH)
        return [(row["type"], row["sequence"]) for row in rows]

    def _customers(self) -> list[Customer]:
        return [phone.customer for phone in self.phones]

    async def _posted(self, account: Account) -> int:
        return int(await self.pool.fetchval(_POSTED, account.id) or 0)

    async def _held(self, owner: Pubkey) -> int:
        account = associated_token_account(owner)
        return await self.platform.rpc.token_balance(account, "finalized") or 0


async def come_to_rest(pool: Pool, waiting: Sequence[UUID] = ()) -> None:
    """Returns when no effect is open but those of the streams that wait, and no event is unheard;
    fails where that does not come, or a stream or an effect is parked."""
    groups = [group.value for group in Group]
    await until_empty(lambda: pool.fetch(_LEFT_OPEN, waiting))
    await until_empty(lambda: pool.fetch(_UNHEARD, groups))
    parked = await pool.fetch(_PARKED)
    assert not parked


async def until_empty(look: Callable[[], Awaitable[Sequence[object]]]) -> None:
    """Looks again until nothing is found; fails with what is found at last."""
    deadline = asyncio.get_running_loop().time() + CALM_SECONDS_MAX
    while found := await look():
        assert asyncio.get_running_loop().time() < deadline, found
        await asyncio.sleep(_POLL_SECONDS)
