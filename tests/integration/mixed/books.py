"""Ledger, chain, providers and log, each asked for itself: at the end they tell the same story."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import httpx
from solders.pubkey import Pubkey

from domain.shared.accounts import available, fee_due, fees, invested
from domain.shared.assets import SOL, USDC
from domain.shared.ids import WalletId
from domain.shared.unit import Account
from infrastructure.chains.solana.addresses import associated_token_account
from infrastructure.chains.solana.rpc import SolanaRpc
from infrastructure.db.pool import Pool
from resolvers.ids import Kind, encode
from tests.integration.matrix.cells import SIGNED
from tests.integration.matrix.node import Node
from tests.integration.mixed.hearing import Heard, Subject
from tests.integration.mixed.people import Done
from tests.integration.sagas.audit import SEEN_BY_BOTH, until_empty

_RAMPS: Final = ("deposit", "buy_by_payment", "withdraw_to_bank")
_BRIDGES: Final = ("lifi", "debridge")
_WALLETS: Final = "SELECT wallet_id, address FROM wallet_address WHERE chain = 'SOLANA'"
_WALLET: Final = """SELECT w.id FROM wallet w JOIN app_user u ON u.id = w.user_id
    WHERE u.username = $1"""
_POSTED: Final = "SELECT posted FROM balance WHERE account_id = $1"
_TRANSACTIONS: Final = """
    SELECT id, state, provider, provider_reference, chain_signature FROM transaction"""
_SIGNED: Final = """
    SELECT stream_id, data->>'signature' FROM outbox WHERE type = 'UserActionSubmitted'"""
_DELIVERED: Final = """
    SELECT data->>'provider', data->>'transaction_hash' FROM outbox
    WHERE type = 'CrossChainDelivered'"""
_LAST: Final = "SELECT coalesce(max(id), 0) FROM outbox"
_EVENTS: Final = """
    SELECT stream_id, type, kind, sequence, state, sub_state, occurred_at FROM outbox
    WHERE id > $1 AND state IS NOT NULL
        AND (wallet_id = $2 OR counterparty_wallet_id = $2 AND type = ANY ($3))
    ORDER BY generation, xid, id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Asked when everything has come to rest."""

    pool: Pool
    rpc: SolanaRpc
    node: Node
    http: httpx.AsyncClient
    sandbox_url: str
    treasury: Pubkey

    async def last_event(self) -> int:
        """Where the log ends now."""
        return int(await self.pool.fetchval(_LAST))

    async def each_was_made_once(self, done: Sequence[Done]) -> None:
        """There is a transaction a wish, however often it was sent, and it stands as it was told."""
        rows = await self.pool.fetch(_TRANSACTIONS)
        stored = sorted((encode(Kind.TRANSACTION, row["id"]), row["state"]) for row in rows)
        assert stored == sorted((each.id, each.ended.outcome) for each in done)

    async def each_was_signed_once(self, done: Sequence[Done]) -> None:
        """What the chain shows that its user has signed, is one of what was signed for each of their
        transactions; and nobody has signed for the others."""
        signed = {
            row[1]: encode(Kind.TRANSACTION, row[0]) for row in await self.pool.fetch(_SIGNED)
        }
        landed = [
            signed[signature]
            for _wallet, owner in await self._owners()
            for signature, is_own in (await self.node.landed(owner)).items()
            if is_own
        ]
        assert sorted(landed) == sorted(
            each.id for each in done if each.flow in SIGNED and each.is_completed
        )

    async def each_was_ordered_once(self, done: Sequence[Done]) -> None:
        """Nothing stands in the providers' books that is not one of our transactions', with the
        hash that we know, and nothing is missing there."""
        answer = await self.http.get(f"{self.sandbox_url}/control/carried_out")
        told = [
            (row["provider"], row["reference"], row["transaction_hash"]) for row in answer.json()
        ]
        ramps = {each.id for each in done if each.flow in _RAMPS and each.is_completed}
        ordered = [
            (row["provider"], row["provider_reference"], row["chain_signature"])
            for row in await self.pool.fetch(_TRANSACTIONS)
            if encode(Kind.TRANSACTION, row["id"]) in ramps
        ]
        assert sorted(row for row in told if row[0] not in _BRIDGES) == sorted(ordered)
        # What a bridge is asked for it knows by the payment alone: its deliveries are compared.
        delivered = [tuple(row) for row in await self.pool.fetch(_DELIVERED)]
        brought = [(name, hash_) for name, _, hash_ in told if name in _BRIDGES]
        assert sorted(brought) == sorted(delivered)

    async def ledger_and_chain_agree(self) -> None:
        """On what each user has, and on what the platform has earned."""
        for wallet, owner in await self._owners():
            usdc = await self._posted(available(wallet)) + await self._posted(fee_due(wallet))
            assert await self._held(owner) == usdc, owner
            assert await self.rpc.balance(owner) == await self._posted(invested(wallet, SOL))
        assert await self._held(self.treasury) == await self._posted(fees(USDC))

    async def everything_was_heard(
        self, username: str, heard: Sequence[Heard], *, after: int
    ) -> None:
        """Live, each event once, in the log's order and with the log's content."""
        wallet = await self.pool.fetchval(_WALLET, username)
        rows = await self.pool.fetch(_EVENTS, after, wallet, SEEN_BY_BOTH)

        expected = [
            Heard(
                type=row["type"],
                kind=row["kind"],
                sequence=row["sequence"],
                state=row["state"],
                sub_state=row["sub_state"],
                occurred_at=row["occurred_at"],
                resync=False,
                transaction=Subject(encode(Kind.TRANSACTION, row["stream_id"])),
            )
            for row in rows
        ]

        async def missed() -> Sequence[object]:
            return [event for event in expected if event not in heard]

        await until_empty(missed)
        assert list(heard) == expected

    async def _owners(self) -> list[tuple[WalletId, Pubkey]]:
        rows = await self.pool.fetch(_WALLETS)
        return [(WalletId(row["wallet_id"]), Pubkey.from_string(row["address"])) for row in rows]

    async def _posted(self, account: Account) -> int:
        return int(await self.pool.fetchval(_POSTED, account.id) or 0)

    async def _held(self, owner: Pubkey) -> int:
        account = associated_token_account(owner)
        return await self.rpc.token_balance(account, "confirmed") or 0
