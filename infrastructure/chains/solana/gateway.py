"""What the platform does on Solana: prepare, simulate, broadcast, watch, prove absence, read."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from infrastructure.chains.solana import verification
from infrastructure.chains.solana.addresses import (
    TOKEN_ACCOUNT_BYTES,
    USDC_MINT,
    associated_token_account,
)
from infrastructure.chains.solana.building import LAMPORTS_PER_SIGNATURE, build_usdc_transfer
from infrastructure.chains.solana.errors import (
    RpcError,
    RpcRateLimited,
    RpcRejected,
    RpcUnavailable,
)
from infrastructure.chains.solana.model import (
    Absence,
    BroadcastKind,
    BroadcastOutcome,
    InboundTransfer,
    Level,
    PreparedTransfer,
    SimulationResult,
    Status,
    TokenMovement,
    TransferCost,
    TransferRequest,
)
from infrastructure.chains.solana.movements import token_movements
from infrastructure.chains.solana.rpc import SIGNATURES_PAGE_MAX, STATUSES_MAX, SolanaRpc
from infrastructure.chains.solana.wire import (
    Commitment,
    LatestBlockhash,
    SignatureInfo,
    SignatureStatus,
)
from infrastructure.http import HttpClient

# A hash stays valid for about a minute: a second of age costs nothing and saves a request a send.
BLOCKHASH_CACHE_SECONDS: Final = 1.0
# Sender and fee payer.
SIGNATURES_PER_TRANSFER: Final = 2
# A proof asks this many nodes where they are configured.
PROOF_NODES_MAX: Final = 2
# One call catches up at most this far; the caller goes on from the newest that it got.
INBOUND_PAGES_MAX: Final = 10
_PARALLEL_READS_MAX: Final = 8

# The node answered before it handed the transaction on: preflight, signatures, parameters.
_DECLINING_CODES: Final = frozenset({-32002, -32003, -32600, -32601, -32602, -32013, -32015})
# Behind or without a slot to work on: it did not take the transaction.
_NOT_ATTEMPTED_CODES: Final = frozenset({-32004, -32005, -32016})
_ALREADY_PROCESSED: Final = "AlreadyProcessed"


class SolanaGateway:
    """`rpc_urls` in order of preference; `fee_payer` is the platform's only key."""

    def __init__(
        self,
        *,
        client: HttpClient,
        rpc_urls: tuple[str, ...],
        fee_payer: Keypair,
        treasury_owner: Pubkey,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.rpc = SolanaRpc(client, rpc_urls)
        self.fee_payer = fee_payer.pubkey()
        self.treasury_owner = treasury_owner
        self._fee_payer_keypair = fee_payer
        self._clock = clock
        self._blockhash: tuple[float, LatestBlockhash, int] | None = None
        self._rent_lamports: int | None = None

    async def transfer_cost(self, recipient_owner: Pubkey) -> TransferCost:
        """What a transfer to `recipient_owner` would cost now."""
        account = await self.rpc.account(associated_token_account(recipient_owner))
        return await self._cost(create_recipient_account=account is None)

    async def prepare_transfer(self, request: TransferRequest) -> PreparedTransfer:
        """The message for the user to sign, on a blockhash at most a second old."""
        (latest, slot), cost = await asyncio.gather(
            self._latest_blockhash(), self._transfer_cost_of(request)
        )
        built = build_usdc_transfer(
            sender=request.sender,
            recipient_owner=request.recipient_owner,
            fee_payer=self.fee_payer,
            amount_base_units=request.amount_base_units,
            platform_fee_base_units=request.platform_fee_base_units,
            network_cost_base_units=request.network_cost_base_units,
            treasury_owner=self.treasury_owner,
            create_recipient_account=cost.create_recipient_account,
            memo=request.memo,
            blockhash=latest.blockhash,
        )
        return PreparedTransfer(
            built=built,
            cost=cost,
            last_valid_block_height=latest.last_valid_block_height,
            blockhash_slot=slot,
        )

    def cosign(self, signed: verification.SignedByUser) -> bytes:
        """The complete transaction; its first signature is its id."""
        return verification.cosign(signed, self._fee_payer_keypair)

    async def simulate(self, transaction: bytes, *, verify: bool = True) -> SimulationResult:
        """A dry run; `verify=False` for a transaction that is not completely signed yet."""
        simulation = await self.rpc.simulate(transaction, verify=verify)
        return SimulationResult(
            ok=simulation.err is None,
            logs=tuple(simulation.logs or ()),
            error=_error_text(simulation.err),
            units=simulation.units_consumed or 0,
        )

    async def broadcast(self, transaction: bytes) -> BroadcastOutcome:
        """Hands the transaction to the network, once; it never raises an RpcError."""
        try:
            await self.rpc.send(transaction)
        except RpcRejected as error:
            return _rejection(error)
        except RpcRateLimited as error:
            return BroadcastOutcome(
                kind=BroadcastKind.NOT_ATTEMPTED,
                reason="rate limited",
                retry_after_seconds=error.retry_after_seconds,
            )
        except RpcUnavailable as error:
            return BroadcastOutcome(kind=BroadcastKind.NOT_ATTEMPTED, reason=str(error))
        except RpcError as error:
            return BroadcastOutcome(kind=BroadcastKind.UNKNOWN, reason=str(error))
        return BroadcastOutcome(kind=BroadcastKind.ACCEPTED)

    async def statuses(
        self, signatures: Sequence[str], *, search_history: bool = False
    ) -> dict[str, Status | None]:
        """One entry for each signature; None where the node knows nothing (yet)."""
        wanted = list(dict.fromkeys(signatures))
        known: dict[str, Status | None] = {}
        for start in range(0, len(wanted), STATUSES_MAX):
            batch = wanted[start : start + STATUSES_MAX]
            answers, _slot = await self.rpc.signature_statuses(
                batch, search_transaction_history=search_history
            )
            known.update(zip(batch, map(_status, answers), strict=True))
        return known

    async def prove_absence(self, signature: str, last_valid_block_height: int) -> Absence:
        """Whether the transaction can still land.

        ABSENT only when, at every node asked (two where configured), the finalised height is past
        `last_valid_block_height` and, asked after that at or past that slot, the node's history
        does not know the signature. A node that cannot answer proves nothing.
        """
        verdicts = [
            await self._absence_at(self.rpc.at(url), signature, last_valid_block_height)
            for url in self.rpc.urls[:PROOF_NODES_MAX]
        ]
        if Absence.FOUND in verdicts:
            return Absence.FOUND
        proven = all(verdict is Absence.ABSENT for verdict in verdicts)
        return Absence.ABSENT if proven else Absence.STILL_POSSIBLE

    async def movements(
        self, signature: str, commitment: Commitment = "confirmed"
    ) -> list[TokenMovement]:
        """What a landed transaction did to token accounts; empty if it failed or is unknown."""
        record = await self.rpc.transaction(signature, commitment)
        return [] if record is None else token_movements(record)

    async def usdc_balance(self, owner: Pubkey, commitment: Commitment = "confirmed") -> int:
        """Base units in the owner's associated account; 0 where there is none."""
        balance = await self.rpc.token_balance(associated_token_account(owner), commitment)
        return balance or 0

    async def fee_payer_lamports(self) -> int:
        return await self.rpc.balance(self.fee_payer)

    async def inbound(
        self, owner: Pubkey, after_signature: str | None = None
    ) -> list[InboundTransfer]:
        """USDC received since `after_signature`, oldest first, finalised only."""
        account = associated_token_account(owner)
        infos = await self._signatures_since(account, after_signature)
        landed = [info for info in infos if info.err is None]
        gate = asyncio.Semaphore(_PARALLEL_READS_MAX)

        async def read(info: SignatureInfo) -> InboundTransfer | None:
            async with gate:
                return await self._inbound_of(info.signature, str(account))

        found = await asyncio.gather(*map(read, landed))
        return [transfer for transfer in found if transfer is not None]

    async def _inbound_of(self, signature: str, account: str) -> InboundTransfer | None:
        record = await self.rpc.transaction(signature, "finalized")
        if record is None:
            # Listed as finalised and yet unknown: a node behind. To skip it would lose it.
            raise RpcUnavailable(f"{signature} is listed but not readable yet")
        for movement in token_movements(record):
            received = movement.delta_base_units > 0 and movement.mint == str(USDC_MINT)
            if movement.account == account and received:
                return InboundTransfer(
                    signature=signature,
                    slot=record.slot,
                    block_time=record.block_time,
                    movement=movement,
                )
        return None

    async def _signatures_since(self, account: Pubkey, after: str | None) -> list[SignatureInfo]:
        found: list[SignatureInfo] = []
        for _page in range(INBOUND_PAGES_MAX):
            before = found[-1].signature if found else None
            page = await self.rpc.signatures_for_address(account, before=before, until=after)
            found += page
            if len(page) < SIGNATURES_PAGE_MAX:
                break
        found.reverse()
        return found

    async def _absence_at(self, node: SolanaRpc, signature: str, last_valid: int) -> Absence:
        try:
            finalised = await node.epoch_info("finalized")
            answers, answered_slot = await node.signature_statuses(
                [signature], search_transaction_history=True
            )
        except RpcError:
            return Absence.STILL_POSSIBLE
        if answers[0] is not None:
            return Absence.FOUND
        past = finalised.block_height > last_valid
        # Behind one URL may stand several nodes: the answer must come from one that is as far.
        as_far = answered_slot >= finalised.absolute_slot
        return Absence.ABSENT if past and as_far else Absence.STILL_POSSIBLE

    async def _transfer_cost_of(self, request: TransferRequest) -> TransferCost:
        if request.create_recipient_account is None:
            return await self.transfer_cost(request.recipient_owner)
        return await self._cost(create_recipient_account=request.create_recipient_account)

    async def _cost(self, *, create_recipient_account: bool) -> TransferCost:
        return TransferCost(
            create_recipient_account=create_recipient_account,
            rent_lamports=await self._rent() if create_recipient_account else 0,
            network_fee_lamports=SIGNATURES_PER_TRANSFER * LAMPORTS_PER_SIGNATURE,
        )

    async def _rent(self) -> int:
        if self._rent_lamports is None:
            lamports = await self.rpc.minimum_balance_for_rent_exemption(TOKEN_ACCOUNT_BYTES)
            self._rent_lamports = lamports
        return self._rent_lamports

    async def _latest_blockhash(self) -> tuple[LatestBlockhash, int]:
        now = self._clock()
        cached = self._blockhash
        if cached is None or now - cached[0] > BLOCKHASH_CACHE_SECONDS:
            latest, slot = await self.rpc.latest_blockhash()
            self._blockhash = cached = (now, latest, slot)
        return cached[1], cached[2]


def _status(answer: SignatureStatus | None) -> Status | None:
    if answer is None:
        return None
    # Nodes leave the level out of what they find in their history: that is final.
    level = Level(answer.confirmation_status or Level.FINALIZED)
    return Status(level=level, slot=answer.slot, error=_error_text(answer.err))


def _rejection(error: RpcRejected) -> BroadcastOutcome:
    cause = error.data.get("err") if isinstance(error.data, dict) else None
    reason = _error_text(cause) or error.message
    if cause == _ALREADY_PROCESSED or "already been processed" in error.message:
        return BroadcastOutcome(kind=BroadcastKind.ACCEPTED, reason=reason)
    if error.code in _DECLINING_CODES:
        return BroadcastOutcome(kind=BroadcastKind.DECLINED, reason=reason)
    if error.code in _NOT_ATTEMPTED_CODES:
        return BroadcastOutcome(kind=BroadcastKind.NOT_ATTEMPTED, reason=reason)
    return BroadcastOutcome(kind=BroadcastKind.UNKNOWN, reason=reason)


def _error_text(error: object) -> str | None:
    """The runtime's error as one text: a plain name, or its JSON."""
    if error is None or isinstance(error, str):
        return error
    return msgspec.json.encode(error).decode()
