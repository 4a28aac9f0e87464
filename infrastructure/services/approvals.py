"""What a user may do with a transaction of theirs that waits: sign it, or cancel it."""

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Final, Protocol

from domain.contracts.choice_events import UserChoiceRequired
from domain.contracts.commands import CancelTransactionCommand, SubmitSignatureCommand
from domain.contracts.events import SignatureWanted, UserActionRequired
from domain.contracts.swap_events import BlockchainSwapRequested
from domain.contracts.transfer_events import LegRequested
from domain.provider.errors import ActionRefused, ActionStale
from domain.provider.failures import FAILURES_MAX, FAILURES_WINDOW, check_failures
from domain.provider.handlers import check_submittable, submit_signature
from domain.provider.leg import SOLANA_GATEWAY
from domain.provider.ports.chain import (
    ChainGateway,
    Likeness,
    Presence,
    Sighting,
    SignatureRefused,
    Signed,
    TransferPrepared,
)
from domain.provider.signing import expire_action
from domain.shared.assets import Chain
from domain.shared.errors import Refused
from domain.shared.ids import ActionId, StreamId, TransactionId, UserId
from domain.shared.stream import Stream
from domain.transaction.errors import UnknownTransaction
from domain.transaction.handlers import cancel
from infrastructure.chains.solana.addresses import parse_address
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.chains.solana.model import SimulationResult
from infrastructure.chains.solana.outcomes import BLOCKHASH_EXPIRED
from infrastructure.chains.solana.verification import signature_of, verify_user_signature
from infrastructure.providers.reports import misfit
from infrastructure.sagas.chain_legs import prepared_of
from infrastructure.sagas.engine import SagaEngine
from infrastructure.sagas.swap_bounds import bounds_of_signed
from infrastructure.services.faults import in_plain_words
from infrastructure.services.inputs import read_signed

ACTION: Final = "input.actionId"
TRANSACTION: Final = "input.id"


class Actions(Protocol):
    """Finds the transaction that an action belongs to."""

    async def stream_of(self, action_id: ActionId, user_id: UserId) -> StreamId | None: ...

    async def failed_on_chain(
        self, user_id: UserId, gateway: str, *, since: datetime, count_max: int
    ) -> list[datetime]: ...


class ApprovalDesk:
    """Takes signatures and cancellations. Every method raises `DomainError` alone."""

    def __init__(
        self,
        *,
        engine: SagaEngine,
        actions: Actions,
        gateway: SolanaGateway,
        chains: Mapping[Chain, ChainGateway],
    ) -> None:
        self._engine = engine
        self._actions = actions
        self._gateway = gateway
        self._chains = chains

    async def submit(
        self, user_id: UserId, action_id: ActionId, signed_transaction: str
    ) -> TransactionId:
        """Verifies, completes and stores what the user signed; then it is broadcast.

        Nothing is stored, and cancelling stays open, where any of that fails.
        """
        transaction = read_signed(signed_transaction)
        with in_plain_words(), about(ACTION):
            stream = await stream_of(self._engine, self._actions, action_id, user_id)
            wanted = check_submittable(stream, action_id)
            if wanted.prepared is None:
                await self._check_failures(user_id)
            signed = await self._complete(stream, action_id, wanted, transaction)
            command = SubmitSignatureCommand(
                action_id=action_id,
                signed_transaction=base64.b64encode(signed.raw).decode(),
                signature=signed.transaction_hash,
            )
            await self._engine.decide(
                stream.id, lambda known, facts: submit_signature(known, command, facts)
            )
        return TransactionId(stream.id)

    async def cancel(self, user_id: UserId, transaction_id: TransactionId) -> TransactionId:
        """Stops a transaction of the user's before anything irreversible has happened."""
        command = CancelTransactionCommand(transaction_id=transaction_id, user_id=user_id)
        with in_plain_words(), about(TRANSACTION):
            stream = await self._engine.stream(StreamId(transaction_id))
            if stream is None or not _belongs_to(stream, user_id):
                raise UnknownTransaction
            await self._engine.decide(stream.id, lambda known, _facts: cancel(known, command))
        return transaction_id

    async def _check_failures(self, user_id: UserId) -> None:
        """What lands and fails costs the platform: so much of it a user and day, and no more."""
        now = self._engine.clock()
        failed_at = await self._actions.failed_on_chain(
            user_id, SOLANA_GATEWAY, since=now - FAILURES_WINDOW, count_max=FAILURES_MAX
        )
        check_failures(failed_at, now)

    async def _complete(
        self, stream: Stream, action_id: ActionId, wanted: SignatureWanted, transaction: bytes
    ) -> Signed:
        """What was signed in the form that its chain takes, if it is what was shown."""
        signer = stream.known(LegRequested).signer_address
        if wanted.prepared is not None:
            return await self._accepted(stream, wanted, transaction, signer=signer)
        verified = verify_user_signature(
            built_message=base64.b64decode(wanted.message),
            signed_transaction=transaction,
            signer=parse_address(signer),
        )
        complete = self._gateway.cosign(verified)
        await self._simulate(stream, action_id, complete)
        return Signed(raw=complete, transaction_hash=signature_of(complete))

    async def _accepted(
        self, stream: Stream, wanted: SignatureWanted, transaction: bytes, *, signer: str
    ) -> Signed:
        """On a chain without a sponsor the user's signature alone completes it. What it spends must
        still be there: where it is known to be gone, it is built anew."""
        chain = self._chains.get(wanted.chain)
        if chain is None:
            raise Refused(code="PRV_UNAVAILABLE")
        prepared = prepared_of(wanted)
        try:
            signed = chain.accept_signature(prepared, transaction, signer=signer)
        except SignatureRefused as error:
            raise ActionRefused(
                code=error.code, field="input.signedTransaction", **error.details
            ) from error
        seen = await chain.sighting(signed.transaction_hash, inputs=prepared.inputs)
        if isinstance(seen, Sighting) and await _is_void(chain, prepared, seen):
            await self._engine.decide(stream.id, expire_action)
            raise ActionStale
        return signed

    async def _simulate(self, stream: Stream, action_id: ActionId, transaction: bytes) -> None:
        result = await self._tried(stream, transaction)
        if result.ok:
            return
        # It may fail because the same answer was handed in twice and the other has landed.
        check_submittable(await self._engine.reread(stream.id), action_id)
        if result.error == BLOCKHASH_EXPIRED:
            await self._engine.decide(stream.id, expire_action)
            raise ActionStale
        raise ActionRefused(
            code="TXN_SIMULATION_FAILED",
            field="input.signedTransaction",
            reason=result.error or "",
        )

    async def _tried(self, stream: Stream, transaction: bytes) -> SimulationResult:
        """What a provider wrote is held once more against what its user was shown: its program may
        do something else by now."""
        requested = stream.known(LegRequested)
        if not isinstance(requested, BlockchainSwapRequested):
            return await self._gateway.simulate(transaction)
        bounds = bounds_of_signed(requested.swap, stream.signature_wanted())
        result, beyond = await self._gateway.tried_within(transaction, bounds)
        if beyond is None:
            return result
        misfit(requested.swap.provider, beyond)
        return replace(result, ok=False, error=beyond)


async def stream_of(
    engine: SagaEngine, actions: Actions, action_id: ActionId, user_id: UserId
) -> Stream:
    """The stream as far as the action is in it: what is cached may be behind."""
    stream_id = await actions.stream_of(action_id, user_id)
    if stream_id is None:
        raise ActionRefused(code="TXN_ACTION_NOT_FOUND")
    stream = await engine.stream(stream_id)
    if stream is None or not _asks_for(stream, action_id):
        stream = await engine.reread(stream_id)
    return stream


async def _is_void(chain: ChainGateway, prepared: TransferPrepared, seen: Sighting) -> bool:
    """Whether it can land no more, and nothing of it has: else it is kept, and what came in its place
    is looked at as for any other."""
    if seen.presence is not Presence.SUPERSEDED or seen.rival is None:
        return False
    return await chain.likeness(prepared, seen.rival) is Likeness.OTHER


@contextmanager
def about(field: str) -> Iterator[None]:
    """What handlers refuse is about this field of the input: they know of none."""
    try:
        yield
    except Refused as refusal:
        refusal.field = refusal.field or field
        raise


def _asks_for(stream: Stream, action_id: ActionId) -> bool:
    asked = (stream.latest(UserActionRequired), stream.latest(UserChoiceRequired))
    return any(each is not None and each.action_id == action_id for each in asked)


def _belongs_to(stream: Stream, user_id: UserId) -> bool:
    first = stream.events[0]
    return first.data.flow() is not None and first.user_id == user_id
