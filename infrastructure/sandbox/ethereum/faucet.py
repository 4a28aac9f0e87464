"""Who gives ETH and tokens away on the simulated chain: by transactions like any other."""

import secrets
from dataclasses import replace
from typing import Final

import rlp  # type: ignore[import-untyped]  # ships no types
from eth_account import Account
from eth_utils.crypto import keccak

from domain.shared.assets import ETH, Asset
from infrastructure.chains.ethereum import addresses, tokens
from infrastructure.chains.ethereum.signing import Draft
from infrastructure.sandbox.ethereum import contracts
from infrastructure.sandbox.ethereum.ledger import CHAIN_ID, Ledger
from infrastructure.sandbox.frame.world import World

_GAS: Final = 200_000
_SECRET_BYTES: Final = 32
# The library counts a signature's parity from 27, as the first transactions did.
_PARITY_BASE: Final = 27


class Faucet:
    """Its key is made once for a world; what it gives comes out of nothing."""

    def __init__(self, world: World, ledger: Ledger) -> None:
        key = world.memory.once("ethereum.faucet", "key", lambda: secrets.token_hex(_SECRET_BYTES))
        self._account = Account.from_key(bytes.fromhex(key))
        self._address = str(self._account.address).lower()
        self._ledger = ledger

    def give(self, asset: Asset, address: str, amount: int) -> str:
        """Base units for an address; the hash of a transaction in the newest block."""
        return self._carried_out(
            self._draft(asset, addresses.parse(address), amount), asset, amount
        )

    def pass_on(self, address: str, amount: int) -> str:
        """As `give` gives ETH, through a contract."""
        data = addresses.to_bytes(addresses.parse(address))
        draft = replace(self._draft(ETH, contracts.PASSES_ON, amount), data=data)
        return self._carried_out(draft, ETH, amount)

    def _carried_out(self, draft: Draft, asset: Asset, amount: int) -> str:
        self._ledger.settle()
        self._ledger.fund(self._address, draft.value + draft.gas_limit * draft.max_fee, None)
        if asset.contract is not None:
            self._ledger.fund(self._address, amount, asset.contract.lower())
        transaction_hash = self._ledger.accept(self._signed(draft))
        self._ledger.hurry(self._address)
        return transaction_hash

    def _draft(self, asset: Asset, recipient: str, amount: int) -> Draft:
        fees, token = self._ledger.fees(), asset.contract
        return Draft(
            chain_id=CHAIN_ID,
            nonce=self._ledger.pending_nonce(self._address),
            priority_fee=fees.priority_fee_wei,
            max_fee=2 * fees.base_fee_wei + fees.priority_fee_wei,
            gas_limit=_GAS,
            to=recipient if token is None else token,
            value=amount if token is None else 0,
            data=b"" if token is None else tokens.transfer(recipient, amount),
        )

    def _signed(self, draft: Draft) -> bytes:
        payload = draft.prepared(self._address).payload
        signature = self._account.unsafe_sign_hash(keccak(payload))
        fields = rlp.decode(payload[1:])
        parity = signature.v - _PARITY_BASE
        return payload[:1] + bytes(rlp.encode([*fields, parity, signature.r, signature.s]))
