"""The envelope that every event travels in (CloudEvents' attributes are made from it)."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from domain.contracts.flows import FlowName
from domain.shared.ids import EventId, StreamId, TransactionId, UserId, WalletId


class EventPayload:
    """What all payloads have: a published type and the general kind that it specialises.

    A type that opens an attempt raises the number of what follows, where the present attempt has had
    one of it already.
    """

    KIND: ClassVar[str | None] = None
    OPENS_ATTEMPT: ClassVar[bool] = False
    __slots__ = ()

    @classmethod
    def type_name(cls) -> str:
        """The event's type, as it is published."""
        return cls.__name__

    def flow(self) -> FlowName | None:
        """The flow that it opens, where it is an opening."""
        return None

    def was_skipped(self) -> bool:
        """Whether it stands for a leg that this case did not need."""
        return False

    @classmethod
    def kind_name(cls) -> str:
        """The general event that this type specialises, or its own name."""
        return cls.KIND or cls.__name__


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact in a stream: `sequence` counts without gaps from 1 within `stream_id`.

    `counterparty_wallet_id` is the other wallet that may see a projection of it; `state` and
    `sub_state` are the transaction's after the event (None in streams that are no transaction).
    """

    id: EventId
    stream_id: StreamId
    wallet_id: WalletId
    user_id: UserId | None
    sequence: int
    type: str
    kind: str
    attempt: int
    occurred_at: datetime
    causation_id: EventId | None
    correlation_id: str
    data: EventPayload
    state: str | None = None
    sub_state: str | None = None
    counterparty_wallet_id: WalletId | None = None
    skipped: bool = False
    traceparent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowCompleted(EventPayload):
    """A transaction is done; each flow has its own name for it."""

    KIND = "TransactionCompleted"
    transaction_id: TransactionId


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowFailed(EventPayload):
    """A transaction ended otherwise; `reason` is a code of the catalogue."""

    KIND = "TransactionFailed"
    transaction_id: TransactionId
    reason: str
