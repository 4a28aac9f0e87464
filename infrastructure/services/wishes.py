"""A wish as desks read it, and how its flow begins."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, Self, TypeVar
from uuid import UUID

import msgspec

from domain.shared.decision import Decision, Facts, Profile
from domain.shared.ids import TransactionId, UserId, WalletId, derived
from domain.shared.saga import Origin
from domain.shared.unit import JsonObject, KeyClaim
from infrastructure.db.sends import StoredResult
from infrastructure.sagas.engine import Opening

Command = TypeVar("Command")


class Opened(Protocol):
    """What is known of a user before anything begins, whatever the flow."""

    @property
    def wallet_id(self) -> WalletId: ...

    @property
    def profile(self) -> Profile: ...

    @property
    def known(self) -> StoredResult | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked for, of whom, under which key: `amount` in base units of `asset`.

    `known` is what the key was used for before; `quote_id` of terms that were shown before.
    """

    user_id: UserId
    wallet_id: WalletId
    profile: Profile
    operation: str
    key: str
    input_hash: str
    amount: int
    asset: str
    known: StoredResult | None = None
    quote_id: UUID | None = None

    @classmethod
    def of(
        cls,
        user_id: UserId,
        opening: Opened,
        *,
        operation: str,
        key: str,
        content: Sequence[object],
        amount: int,
        asset: str,
        quote_id: UUID | None,
    ) -> Self:
        """`content` is all of the input that counts, the same however it was spelt."""
        return cls(
            user_id=user_id,
            wallet_id=opening.wallet_id,
            profile=opening.profile,
            operation=operation,
            key=key,
            input_hash=hashlib.sha256(msgspec.json.encode(content)).hexdigest(),
            amount=amount,
            asset=asset,
            known=opening.known,
            quote_id=quote_id,
        )

    @property
    def transaction_id(self) -> TransactionId:
        """The same for the same key."""
        return TransactionId(derived(self.user_id, self.operation, self.key))

    @property
    def key_hash(self) -> str:
        """Of the input with the quote that it names: another quote is another input."""
        return self.input_hash if self.quote_id is None else f"{self.input_hash}:{self.quote_id}"

    def claim(self, result: JsonObject, *, quote_id: UUID | None = None) -> KeyClaim:
        """The key with what it came to."""
        return KeyClaim(
            principal=str(self.user_id),
            operation=self.operation,
            key=self.key,
            input_hash=self.key_hash,
            result=result,
            quote_id=quote_id,
        )

    def opening(self, correlation_id: str, *, counterparty: WalletId | None = None) -> Opening:
        """Of a stream in the user's wallet; `counterparty` is the other that may see it."""
        return Opening(
            wallet_id=self.wallet_id,
            origin=Origin(
                user_id=self.user_id,
                correlation_id=correlation_id,
                counterparty_wallet_id=counterparty,
            ),
        )


def _nobody(_command: object) -> WalletId | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan(Generic[Command]):
    """How a flow begins. `prepare` asks everybody who has a part in it; `renew` brings terms that
    were quoted up to date: the transaction's identifier, what the balance shows now; `begin` decides.
    All raise why it may not begin.

    `spendable` is what the balance shows, where one is spent; `counterparty` the other wallet.
    """

    command: type[Command]
    prepare: Callable[[], Awaitable[Command]]
    renew: Callable[[Command], Command]
    begin: Callable[[Command, Facts], Decision]
    spendable: int | None = None
    counterparty: Callable[[Command], WalletId | None] = _nobody
