"""What the platform does on Solana: prepare, simulate, broadcast, watch, prove absence, read."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from domain.shared.assets import USDC, Asset
from infrastructure.chains.solana import verification
from infrastructure.chains.solana.addresses import (
    TOKEN_ACCOUNT_BYTES,
    associated_token_account,
)
from infrastructure.chains.solana.building import (
    LAMPORTS_PER_SIGNATURE,
    BuiltMessage,
    build_message,
    build_usdc_transfer,
)
from infrastructure.chains.solana.composing import priority_lamports, sponsored_accounts
from infrastructure.chains.solana.errors import (
    RpcError,
    RpcRateLimited,
    RpcRejected,
    RpcUnavailable,
)
from infrastructure.chains.solana.inbound import (
    Known,
    account_of,
    inbound_credits,
    nothing_known,
)
from infrastructure.chains.solana.model import (
    Absence,
    BroadcastKind,
    BroadcastOutcome,
    Footprint,
    Inbound,
    PreparedTransfer,
    SimulationResult,
    Status,
    TransferCost,
    TransferRequest,
)
from infrastructure.chains.solana.movements import footprint_of
from infrastructure.chains.solana.outcomes import error_text, rejection, status_of
from infrastructure.chains.solana.rpc import STATUSES_MAX, SolanaRpc
from infrastructure.chains.solana.trial import Account, Bounds, Trial, breach, watched
from infrastructure.chains.solana.wire import (
    Commitment,
    LatestBlockhash,
    Simulation,
)
from infrastructure.http import HttpClient

# A hash stays valid for about a minute: a second of age costs nothing and saves a request a send.
BLOCKHASH_CACHE_SECONDS: Final = 1.0
# Sender and fee payer.
SIGNATURES_PER_TRANSFER: Final = 2
# What a swap may offer for priority; more is declined when it is built.
PRIORITY_LAMPORTS_MAX: Final = 20_000
# A proof asks this many nodes where they are configured.
PROOF_NODES_MAX: Final = 2
_TRIALS_MAX: Final = 3


@dataclass(frozen=True, slots=True)
class _Recent:
    """A blockhash and the height of the chain when it was asked for (monotonic seconds)."""

    asked_at: float
    latest: LatestBlockhash
    block_height: int


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
        self._recent: _Recent | None = None
        self._asking = asyncio.Lock()
        self._rent_lamports: int | None = None

    @property
    def platform(self) -> frozenset[str]:
        """The platform's own addresses. What a user sends there could not be told from what they owe,
        so that they are nobody's recipient."""
        return frozenset({str(self.fee_payer), str(self.treasury_owner)})

    async def healthy(self) -> bool:
        """Whether a node answers as it should; never raises."""
        try:
            return await self.rpc.health()
        except RpcError:
            return False

    async def transfer_cost(self, recipient_owner: Pubkey) -> TransferCost:
        """What a transfer to `recipient_owner` would cost now."""
        account = await self.rpc.account(associated_token_account(recipient_owner))
        return TransferCost(
            create_recipient_account=account is None,
            rent_lamports=await self._rent() if account is None else 0,
            network_fee_lamports=SIGNATURES_PER_TRANSFER * LAMPORTS_PER_SIGNATURE,
        )

    async def prepare_transfer(self, request: TransferRequest) -> PreparedTransfer:
        """The message for the user to sign, on a blockhash at most a second old."""
        recent = await self._recent_blockhash()
        built = build_usdc_transfer(
            sender=request.sender,
            recipient_owner=request.recipient_owner,
            fee_payer=self.fee_payer,
            amount_base_units=request.amount_base_units,
            platform_fee_base_units=request.platform_fee_base_units,
            network_cost_base_units=request.network_cost_base_units,
            fee_due_base_units=request.fee_due_base_units,
            treasury_owner=self.treasury_owner,
            create_recipient_account=request.create_recipient_account,
            memo=request.memo,
            reference=request.reference,
            blockhash=recent.latest.blockhash,
        )
        return _prepared(built, recent)

    async def swap_cost(self, owner: Pubkey, *, wraps: bool) -> TransferCost:
        """What a swap of the owner's would cost at most: the fee, priority, an account for USDC
        where they have none, and one for wrapped SOL, whose rent comes back to the owner."""
        cost = await self.transfer_cost(owner)
        rent = await self._rent() if wraps else 0
        return replace(
            cost,
            rent_lamports=cost.rent_lamports + rent,
            network_fee_lamports=cost.network_fee_lamports + PRIORITY_LAMPORTS_MAX,
        )

    async def composed_cost(self, instructions: Sequence[Instruction]) -> TransferCost:
        """What the fee payer would pay for these instructions now."""
        accounts = sponsored_accounts(instructions, self.fee_payer)
        known = await self.rpc.multiple_accounts(accounts, "confirmed") if accounts else []
        missing = sum(account is None for account in known)
        return TransferCost(
            create_recipient_account=missing > 0,
            rent_lamports=missing * await self._rent() if missing else 0,
            network_fee_lamports=SIGNATURES_PER_TRANSFER * LAMPORTS_PER_SIGNATURE
            + priority_lamports(instructions),
        )

    async def prepare(self, instructions: Sequence[Instruction]) -> PreparedTransfer:
        """The message of these instructions for the user to sign. ValueError for one that is too
        long to send."""
        recent = await self._recent_blockhash()
        built = build_message(
            list(instructions), fee_payer=self.fee_payer, blockhash=recent.latest.blockhash
        )
        return _prepared(built, recent)

    def cosign(self, signed: verification.SignedByUser) -> bytes:
        """The complete transaction; its first signature is its id."""
        return verification.cosign(signed, self._fee_payer_keypair)

    async def simulate(self, transaction: bytes, *, verify: bool = True) -> SimulationResult:
        """A dry run; `verify=False` for a transaction that is not completely signed yet."""
        return _result(await self.rpc.simulate(transaction, verify=verify))

    async def tried_within(
        self, transaction: bytes, bounds: Sequence[Bounds], *, verify: bool = True
    ) -> tuple[SimulationResult, str | None]:
        """What a dry run says, and in what it goes beyond the bounds. Raises `RpcError`.

        Something else of the owners' that lands between the look before it and the run shows as if
        it were of this transaction. So it is tried again: what does go beyond them always does.
        """
        owners = [each.owner for each in bounds]
        tries = 0
        while True:
            tries += 1
            trial = await self.try_out(transaction, owners, verify=verify)
            beyond = breach(trial, bounds) if trial.result.ok else None
            if beyond is None or tries == _TRIALS_MAX:
                return trial.result, beyond

    async def try_out(
        self, transaction: bytes, owners: Sequence[Pubkey], *, verify: bool = True
    ) -> Trial:
        """A dry run that shows what becomes of the owners' accounts. Raises `RpcError`."""
        keys = VersionedTransaction.from_bytes(transaction).message.account_keys
        known = await self.rpc.multiple_accounts(keys, "processed")
        before = {
            key: Account.of(data) for key, data in zip(keys, known, strict=True) if data is not None
        }
        theirs = watched(keys, before, owners)
        simulation = await self.rpc.simulate(transaction, verify=verify, watched=theirs)
        after = zip(theirs, simulation.accounts or (), strict=False)
        return Trial(
            result=_result(simulation),
            before={key: before[key] for key in theirs if key in before},
            after={key: Account.of(data) for key, data in after if data is not None},
        )

    async def broadcast(self, transaction: bytes) -> BroadcastOutcome:
        """Hands the transaction to the network, once; it never raises an RpcError."""
        try:
            await self.rpc.send(transaction)
        except RpcRejected as error:
            return rejection(error)
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
            known.update(zip(batch, map(status_of, answers), strict=True))
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

    async def footprint(
        self, signature: str, commitment: Commitment = "confirmed"
    ) -> Footprint | None:
        """What a landed transaction left on the chain; None while this node does not know it."""
        record = await self.rpc.transaction(signature, commitment)
        return None if record is None else footprint_of(record)

    async def usdc_balance(self, owner: Pubkey, commitment: Commitment = "confirmed") -> int:
        """Base units in the owner's associated account; 0 where there is none."""
        balance = await self.rpc.token_balance(associated_token_account(owner), commitment)
        return balance or 0

    async def fee_payer_lamports(self) -> int:
        return await self.rpc.balance(self.fee_payer)

    async def inbound(
        self,
        owner: Pubkey,
        asset: Asset = USDC,
        *,
        after_signature: str | None = None,
        since: datetime | None = None,
        known: Known = nothing_known,
    ) -> Inbound:
        """What was received of the asset behind `after_signature`, by transactions that are not
        older than `since`; oldest first, finalised only."""
        return await inbound_credits(
            self.rpc, owner, asset, after_signature=after_signature, since=since, known=known
        )

    async def holdings(self, owners: Sequence[Pubkey], asset: Asset) -> list[str | None]:
        """The finalised content of each account that holds an owner's USDC, or SOL, as a text that
        changes with it; None where there is none."""
        accounts = await self.rpc.multiple_accounts(
            [account_of(owner, asset) for owner in owners], "finalized"
        )
        return [
            None if account is None else f"{account.lamports} {account.data[0]}"
            for account in accounts
        ]

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

    async def _rent(self) -> int:
        if self._rent_lamports is None:
            lamports = await self.rpc.minimum_balance_for_rent_exemption(TOKEN_ACCOUNT_BYTES)
            self._rent_lamports = lamports
        return self._rent_lamports

    async def _recent_blockhash(self) -> _Recent:
        async with self._asking:
            known = self._recent
            if known is None or self._clock() - known.asked_at > BLOCKHASH_CACHE_SECONDS:
                asked_at = self._clock()
                (latest, _slot), height = await asyncio.gather(
                    self.rpc.latest_blockhash(), self.rpc.block_height("confirmed")
                )
                self._recent = known = _Recent(asked_at, latest, height)
        return known


def _result(simulation: Simulation) -> SimulationResult:
    return SimulationResult(
        ok=simulation.err is None,
        logs=tuple(simulation.logs or ()),
        error=error_text(simulation.err),
        units=simulation.units_consumed or 0,
    )


def _prepared(built: BuiltMessage, recent: _Recent) -> PreparedTransfer:
    return PreparedTransfer(
        built=built,
        last_valid_block_height=recent.latest.last_valid_block_height,
        blocks_left=max(0, recent.latest.last_valid_block_height - recent.block_height),
    )
