"""What tests of the views write, through the committer and the domain's own decisions."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from domain.contracts.commands import SubmitSignatureCommand
from domain.provider.effects import action_id
from domain.provider.handlers import submit_signature
from domain.shared.accounts import available, chain
from domain.shared.assets import USDC
from domain.shared.ids import StreamId, TransactionId, UserId, WalletId
from domain.shared.stream import Stream
from domain.shared.unit import Committed, Posting, TransactionMoved, Unit
from infrastructure.db.committer import Committer
from infrastructure.db.pool import Pool
from resolvers.ports import Views
from tests.unit.domain.send.journey import ALICE_WALLET, FACTS, Journey
from tests.unit.messaging.support import event

MARCH = datetime(2025, 3, 1, 12, tzinfo=UTC)


class Sending(Journey):
    """A Send of its own identifier and signature, long ago, so that its effects are due."""

    def signed(self, attempt: int | None = None) -> Journey:
        answer = SubmitSignatureCommand(
            action_id=action_id(self.stream.id, attempt or self.attempt),
            signed_transaction="c2lnbmVk",
            signature=f"signature-{self.stream.id}",
        )
        self.decide(lambda stream, facts: submit_signature(stream, answer, facts))
        return self


@dataclass(frozen=True, slots=True)
class Stage:
    """A database with the means to write to it, and its views."""

    pool: Pool
    committer: Committer
    views: Views

    async def commit(self, *units: Unit) -> None:
        for unit in units:
            assert isinstance(await self.committer.commit(unit), Committed)

    async def fund(self, wallet_id: WalletId = ALICE_WALLET, amount: int = 100_000_000) -> None:
        await self.commit(
            unit_of(
                wallet_id,
                postings=(
                    Posting(account=chain(USDC), posted=-amount),
                    Posting(account=available(wallet_id), posted=amount),
                ),
            )
        )

    async def opened(
        self,
        *,
        at: datetime,
        sender: WalletId = ALICE_WALLET,
        recipient: WalletId | None = None,
        state: str = "COMPLETED",
        **fields: object,
    ) -> TransactionId:
        """A transaction's row alone, in the state that a test of lists is about."""
        made = unit_of(
            sender,
            transaction=TransactionMoved(
                state=state,
                sub_state=None,
                opens=True,
                fields={
                    "user_id": UserId(sender),
                    "type": "SEND",
                    "amount": 25_000_000,
                    "asset": "USDC",
                    "received_amount": 24_998_500 if state == "COMPLETED" else None,
                    "recipient_wallet_id": recipient,
                    "created_at": at,
                    **fields,
                },
            ),
        )
        await self.commit(made)
        return TransactionId(made.stream_id)

    async def create_user(self, user_id: UserId, wallet_id: WalletId, **more: Any) -> None:  # noqa: ANN401  columns
        named: Mapping[str, Any] = {
            "username": "Alice",
            "kyc_level": "basic",
            "country": "US",
            "addresses": {},
        } | more
        await self.pool.execute(
            "SELECT create_user($1, $2, $3, $4, $5, $6)", user_id, wallet_id, *named.values()
        )


def sending() -> Sending:
    """A new Send of Alice's to Bob, still to be initiated."""
    stream_id = StreamId(uuid4())
    return Sending(
        facts=replace(FACTS, now=MARCH), stream=Stream(id=stream_id, wallet_id=ALICE_WALLET)
    )


def initiated(*, memo: str | None = None) -> Sending:
    journey = sending()
    journey.initiate(transaction_id=TransactionId(journey.stream.id), memo=memo)
    return journey


def unit_of(wallet_id: WalletId, **parts: Any) -> Unit:  # noqa: ANN401  the fields of a Unit
    """One Unit with one event, in a stream of its own."""
    stream_id = StreamId(uuid4())
    first = event(1, wallet_id=wallet_id, stream=stream_id.int)
    return Unit(
        stream_id=stream_id, wallet_id=wallet_id, expected_sequence=0, events=(first,), **parts
    )
