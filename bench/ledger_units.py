"""The steps of Sends as Units: state, three history rows, three events, an effect, a key, money."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from domain.contracts.envelope import Event
from domain.contracts.events import (
    ComplianceCleared,
    GatewaySelected,
    Recipient,
    RecipientValidated,
)
from domain.shared.ids import EffectId, EventId, StreamId, WalletId, derived
from domain.shared.unit import (
    Account,
    EffectRequested,
    Group,
    HistoryRow,
    KeyClaim,
    Posting,
    TransactionMoved,
    Unit,
)

EVENTS: Final = 3
STEPS_OF_A_SEND: Final = 8
ACCOUNTS: Final = 5_000
HOT: Final = Account("bench:hot", "USDC")
_NOW: Final = datetime.now(UTC)
_STATES: Final = ("INITIATED", "BALANCE_RESERVED", "PROVIDER_SELECTED")
_PAYLOADS: Final = (
    ComplianceCleared(
        policy_version="2026-01", screened_addresses=("7Np41oeYqPefeNQEHSv1UDhYrehx",)
    ),
    RecipientValidated(recipient=Recipient(address="7Np41oeYqPefeNQEHSv1UDhYrehxin3NStELsSKCT4K2")),
    GatewaySelected(provider="solana", explanation="the only one that serves the asset"),
)


@dataclass(frozen=True, slots=True)
class Load:
    """Which accounts money moves between: any two, or one and any other."""

    seed: int
    hot: bool

    def __post_init__(self) -> None:
        assert ACCOUNTS > 1

    def units(self, count: int) -> list[Unit]:
        """`count` steps that follow each other, of one client."""
        chance = random.Random(self.seed)
        return [
            _step(self.seed, number, self._pair(chance), chance.randint(1, 10**9))
            for number in range(count)
        ]

    def _pair(self, chance: random.Random) -> tuple[Account, Account]:
        one, other = chance.sample(range(ACCOUNTS), 2)
        source = HOT if self.hot else _account(one)
        return (source, _account(other)) if chance.random() < 0.5 else (_account(other), source)


def loads(*, clients: int, hot: bool) -> Iterator[Load]:
    """One load a client, none ever the same."""
    for _ in range(clients):
        yield Load(_fresh_seed(), hot)


def accounts() -> Sequence[Account]:
    return [HOT, *map(_account, range(ACCOUNTS))]


def opening(account: Account, number: int) -> Unit:
    """A Unit that opens an account."""
    stream_id = StreamId(derived(UUID(int=1), number))
    wallet_id = WalletId(stream_id)
    return Unit(
        stream_id=stream_id,
        wallet_id=wallet_id,
        expected_sequence=0,
        events=_events(stream_id, wallet_id, 0),
        postings=(Posting(account=account),),
    )


_seeds = iter(range(10**6, 10**9))


def _fresh_seed() -> int:
    return next(_seeds)


def _account(number: int) -> Account:
    return Account(f"bench:{number}", "USDC")


def _step(seed: int, number: int, pair: tuple[Account, Account], amount: int) -> Unit:
    send, step = divmod(number, STEPS_OF_A_SEND)
    stream_id = StreamId(derived(UUID(int=seed), send))
    wallet_id = WalletId(UUID(int=seed))
    before = step * EVENTS
    source, target = pair
    return Unit(
        stream_id=stream_id,
        wallet_id=wallet_id,
        expected_sequence=before,
        handled={Group.TRANSACTION: (before, before + EVENTS)},
        key=KeyClaim(
            principal=str(wallet_id),
            operation="send",
            key=f"{send}-{step}",
            input_hash="e3b0c44298fc1c149afbf4c8996fb924",
            result={"transaction_id": str(stream_id)},
        ),
        events=_events(stream_id, wallet_id, before),
        postings=(
            Posting(account=source, posted=-amount),
            Posting(account=target, posted=amount),
        ),
        transaction=_moved(wallet_id, opens=step == 0, amount=amount),
        history=tuple(
            HistoryRow(
                event_sequence=before + position,
                position=position,
                state=state,
                sub_state=None,
                event_type="GatewaySelected",
                at=_NOW,
            )
            for position, state in enumerate(_STATES, 1)
        ),
        effects_requested=(
            EffectRequested(
                id=EffectId(derived(stream_id, "effect", step)),
                group=Group.PROVIDER,
                kind="broadcast",
                key=f"{stream_id}-{step}",
                attempt=1,
                request={"transaction": "A" * 300},
                due_at=_NOW,
            ),
        ),
    )


def _moved(wallet_id: WalletId, *, opens: bool, amount: int) -> TransactionMoved:
    fixed = {"user_id": wallet_id, "type": "SEND", "amount": amount, "asset": "USDC"}
    moving = {"updated_at": _NOW, "progress_percent": 40, "waiting_on": "PROVIDER"}
    return TransactionMoved(
        state=_STATES[-1],
        sub_state=None,
        opens=opens,
        fields={**fixed, **moving} if opens else moving,
    )


def _events(stream_id: StreamId, wallet_id: WalletId, before: int) -> tuple[Event, ...]:
    return tuple(
        Event(
            id=EventId(derived(stream_id, "event", sequence)),
            stream_id=stream_id,
            wallet_id=wallet_id,
            user_id=None,
            sequence=sequence,
            type=payload.type_name(),
            kind=payload.kind_name(),
            attempt=1,
            occurred_at=_NOW,
            causation_id=None,
            correlation_id="bench",
            data=payload,
            state=_STATES[-1],
        )
        for sequence, payload in enumerate(_PAYLOADS, before + 1)
    )
