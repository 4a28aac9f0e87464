"""A chain in memory: the port's twin for unit tests and the simulator, with real signatures.

Transfers name their sender's next number, as Ethereum's do. Blocks come when they are mined.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from domain.provider.ports.answers import Declined, NotAttempted, Setback, Unanswered
from domain.provider.ports.chain import (
    Accepted,
    Credit,
    InvalidChainAddress,
    Likeness,
    Movement,
    NetworkFee,
    PlainTransfer,
    Presence,
    Sighting,
    SignatureRefused,
    Signed,
    TransferPrepared,
)
from domain.provider.ports.unsigned import Unsigned
from domain.shared.assets import Asset, Chain
from domain.shared.errors import InvalidInput
from infrastructure.chains.credits import credited_to, credits_of
from infrastructure.chains.sent import sent

FEE_RATE: Final = 1_000
# What a transfer takes, in units that the fee rate is about.
TRANSFER_UNITS: Final = 21
ESTIMATED_SECONDS: Final = 60
FINALITY_DEPTH: Final = 6
_PREFIX: Final = "mem1"
_ADDRESS: Final = re.compile(r"mem1[0-9a-f]{64}", re.ASCII)
_SIGNATURE_BYTES: Final = 64
_NATIVE: Final = {
    Chain.BITCOIN: "BTC",
    Chain.ETHEREUM: "ETH",
    Chain.SUI: "SUI",
    Chain.SOLANA: "SOL",
}


class MemoryAccount:
    """A key of the chain in memory, as a wallet has it."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()
        self.address = _PREFIX + self._key.public_key().public_bytes_raw().hex()

    def sign(self, payload: bytes) -> bytes:
        return payload + self._key.sign(payload)


class _Payload(msgspec.Struct, frozen=True):
    sender: str
    recipient: str
    asset: str
    amount: int
    fee: int
    number: int


@dataclass(frozen=True, slots=True)
class _Known:
    payload: _Payload
    order: int
    height: int | None = None
    branch: int = 0


@dataclass(slots=True)
class MemoryGateway:
    """`setbacks` are answered in place of the next call of that method."""

    chain: Chain = Chain.ETHEREUM
    finality_depth: int = FINALITY_DEPTH
    setbacks: dict[str, Setback] = field(default_factory=dict)
    height: int = 1_000
    _branch: int = 0
    _funded: dict[tuple[str, str], int] = field(default_factory=dict)
    _known: dict[str, _Known] = field(default_factory=dict)

    # ------------------------------------------------------------------ the port

    async def healthy(self) -> bool:
        return self.setbacks.pop("healthy", None) is None

    def parse_address(self, text: str) -> str:
        canonical = text.lower()
        if _ADDRESS.fullmatch(canonical) is None:
            raise InvalidChainAddress(field="address")
        return canonical

    async def balance(self, address: str, asset: Asset) -> int | Setback:
        owner = self.parse_address(address)
        if (setback := self._setback("balance")) is not None:
            return setback
        return self._balance(owner, asset.symbol) if self._has(asset) else _unsupported()

    async def network_fee(self, transfer: PlainTransfer) -> NetworkFee | Setback:
        self._parse(transfer)
        if (setback := self._setback("network_fee")) is not None:
            return setback
        return NetworkFee(
            amount=TRANSFER_UNITS * FEE_RATE,
            asset=_NATIVE[self.chain],
            rate=FEE_RATE,
            estimated_seconds=ESTIMATED_SECONDS,
        )

    async def call_fee(self, sender: str, asset: Asset) -> NetworkFee | Setback:
        transfer = PlainTransfer(
            asset=asset, sender=sender, recipient=sender, amount=1, fee_rate=FEE_RATE
        )
        return await self.network_fee(transfer)

    async def prepare_transfer(self, transfer: PlainTransfer) -> TransferPrepared | Setback:
        sender, recipient = self._parse(transfer)
        if transfer.fee_rate <= 0:
            raise InvalidInput(field="feeRate")
        if not self._has(transfer.asset):
            return _unsupported()
        if (setback := self._setback("prepare_transfer")) is not None:
            return setback
        number = sum(known.payload.sender == sender for known in self._known.values())
        rivals = [one for one in self._known.values() if _input_of(one) == transfer.instead_of]
        if any(self._depth(one) < self.finality_depth for one in rivals):
            return NotAttempted(reason="what was shown before may be on its way")
        payload = _Payload(
            sender=sender,
            recipient=recipient,
            asset=transfer.asset.symbol,
            amount=transfer.amount,
            fee=TRANSFER_UNITS * transfer.fee_rate,
            number=number,
        )
        if not self._can_pay(payload):
            return Declined(code="TXN_INSUFFICIENT_BALANCE", reason=transfer.asset.symbol)
        content = msgspec.json.encode(payload)
        return TransferPrepared(
            payload=content,
            commitment=hashlib.sha256(content).digest(),
            fee=payload.fee,
            value=payload.amount if transfer.asset.symbol == _NATIVE[self.chain] else 0,
            inputs=(f"{sender}:{number}",),
        )

    async def prepare_call(
        self, sender: str, unsigned: Unsigned, *, instead_of: str | None = None
    ) -> TransferPrepared | Setback:
        """Nobody makes transactions for a chain in memory."""
        self.parse_address(sender)
        del instead_of
        kind = type(unsigned).__name__
        return Declined(code="PRV_UNSUPPORTED", reason=f"{kind} is not of this chain")

    def accept_signature(self, prepared: TransferPrepared, signed: bytes, *, signer: str) -> Signed:
        content, signature = signed[:-_SIGNATURE_BYTES], signed[-_SIGNATURE_BYTES:]
        key = bytes.fromhex(self.parse_address(signer).removeprefix(_PREFIX))
        fits = hashlib.sha256(prepared.payload).digest() == prepared.commitment
        if content != prepared.payload or not fits or _payload(content).sender != signer.lower():
            raise SignatureRefused(field="signedTransaction")
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(signature, content)
        except InvalidSignature as error:
            raise SignatureRefused(field="signedTransaction") from error
        return Signed(raw=signed, transaction_hash=hashlib.sha256(content).hexdigest())

    async def broadcast(self, signed: Signed) -> Accepted | Setback:
        if (setback := self._setback("broadcast")) is not None:
            return setback
        payload = _payload(signed.raw[:-_SIGNATURE_BYTES])
        if signed.transaction_hash not in self._known:
            rivals = {(one.payload.sender, one.payload.number) for one in self._known.values()}
            if (payload.sender, payload.number) in rivals:
                return Unanswered(reason="another transaction has its number")
            if not self._can_pay(payload):
                return Declined(code="TXN_INSUFFICIENT_BALANCE", reason=payload.asset)
            self._known[signed.transaction_hash] = _Known(payload, len(self._known))
        return Accepted(transaction_hash=signed.transaction_hash)

    async def sighting(
        self, transaction_hash: str, *, inputs: tuple[str, ...] = ()
    ) -> Sighting | Setback:
        if (setback := self._setback("sighting")) is not None:
            return setback
        known = self._known.get(transaction_hash)
        if known is None:
            rival = next(
                (
                    key
                    for key, one in self._known.items()
                    if _input_of(one) in inputs and self._depth(one) >= self.finality_depth
                ),
                None,
            )
            presence = Presence.SUPERSEDED if rival else Presence.UNKNOWN
            return Sighting(presence=presence, rival=rival)
        depth = self._depth(known)
        if depth == 0:
            return Sighting(presence=Presence.PENDING)
        return Sighting(
            presence=Presence.FINAL if depth >= self.finality_depth else Presence.INCLUDED,
            depth=depth,
            block=hashlib.sha256(f"{known.height}:{known.branch}".encode()).hexdigest(),
            fee=known.payload.fee,
        )

    async def sent(self, prepared: TransferPrepared) -> str | Setback | None:
        if (setback := self._setback("sent")) is not None:
            return setback

        async def is_free() -> bool:
            return all(_input_of(one) not in prepared.inputs for one in self._known.values())

        return await sent(self, prepared, prepared.commitment.hex(), is_free=is_free)

    async def likeness(
        self, prepared: TransferPrepared, transaction_hash: str
    ) -> Likeness | Setback:
        if (setback := self._setback("likeness")) is not None:
            return setback
        wanted, other = _payload(prepared.payload), self._known[transaction_hash].payload
        if wanted.recipient != other.recipient:
            return Likeness.OTHER
        same = (wanted.asset, wanted.amount) == (other.asset, other.amount)
        return Likeness.SAME if same else Likeness.PARTLY

    async def movements(self, transaction_hash: str) -> tuple[Movement, ...] | Setback:
        if (setback := self._setback("movements")) is not None:
            return setback
        known = self._known.get(transaction_hash)
        if known is None or known.height is None:
            return ()
        paid = known.payload
        return (Movement(index=0, asset=paid.asset, address=paid.recipient, amount=paid.amount),)

    async def taken(self, transaction_hash: str, *, signer: str) -> tuple[Movement, ...] | Setback:
        paid = await self.movements(transaction_hash)
        if not isinstance(paid, tuple):
            return paid
        return tuple(replace(one, address=self.parse_address(signer)) for one in paid)

    async def received(
        self, transaction_hash: str, addresses: Sequence[str]
    ) -> tuple[Credit, ...] | Setback:
        if (setback := self._setback("received")) is not None:
            return setback
        known = self._known.get(transaction_hash)
        if known is None or known.height is None:
            return ()
        return credited_to(_received(transaction_hash, known), addresses)

    async def final_height(self) -> int | Setback:
        setback = self._setback("final_height")
        return self.height - self.finality_depth + 1 if setback is None else setback

    async def credits(
        self, addresses: Sequence[str], *, after: int, up_to: int
    ) -> tuple[Credit, ...] | Setback:
        if (setback := self._setback("credits")) is not None:
            return setback
        if up_to > self.height - self.finality_depth + 1:
            return NotAttempted(reason="not final yet")
        found = [
            credit
            for key, known in self._known.items()
            if known.height is not None and after < known.height <= up_to
            for credit in _received(key, known)
        ]
        return credited_to(found, addresses)

    # ------------------------------------------------------------------ what tests do to it

    def fund(self, address: str, asset: Asset, amount: int) -> None:
        key = (self.parse_address(address), asset.symbol)
        self._funded[key] = self._funded.get(key, 0) + amount

    def mine(self, blocks: int = 1) -> None:
        """The first of them takes all that is pending."""
        for key, known in self._known.items():
            if known.height is None:
                height = self.height + 1
                self._known[key] = replace(known, height=height, branch=self._branch)
        self.height += blocks

    def reorganise(self, blocks: int) -> None:
        """The last blocks are replaced by empty ones; what they held is pending again."""
        first = self.height - blocks + 1
        self._branch += 1
        self.height += 1
        for key, known in self._known.items():
            if known.height is not None and known.height >= first:
                self._known[key] = replace(known, height=None)

    def drop(self, transaction_hash: str) -> None:
        """A pending transaction is forgotten."""
        del self._known[transaction_hash]

    def _setback(self, method: str) -> Setback | None:
        return self.setbacks.pop(method, None)

    def _has(self, asset: Asset) -> bool:
        return asset.chain is self.chain

    def _parse(self, transfer: PlainTransfer) -> tuple[str, str]:
        return self.parse_address(transfer.sender), self.parse_address(transfer.recipient)

    def _depth(self, known: _Known) -> int:
        return 0 if known.height is None else self.height - known.height + 1

    def _can_pay(self, payload: _Payload) -> bool:
        native = _NATIVE[self.chain]
        needed: Mapping[str, int] = (
            {native: payload.amount + payload.fee}
            if payload.asset == native
            else {payload.asset: payload.amount, native: payload.fee}
        )
        return all(self._balance(payload.sender, asset) >= of for asset, of in needed.items())

    def _balance(self, owner: str, asset: str) -> int:
        """What blocks have left, as nodes answer it."""
        total = self._funded.get((owner, asset), 0)
        for known in self._known.values():
            paid = known.payload
            if known.height is None:
                continue
            total += paid.amount if (paid.recipient, paid.asset) == (owner, asset) else 0
            total -= paid.amount if (paid.sender, paid.asset) == (owner, asset) else 0
            total -= paid.fee if (paid.sender, _NATIVE[self.chain]) == (owner, asset) else 0
        return total


def _payload(content: bytes) -> _Payload:
    try:
        return msgspec.json.decode(content, type=_Payload)
    except msgspec.MsgspecError as error:
        raise SignatureRefused(field="signedTransaction") from error


def _received(transaction_hash: str, known: _Known) -> tuple[Credit, ...]:
    paid = known.payload
    movement = Movement(index=0, asset=paid.asset, address=paid.recipient, amount=paid.amount)
    return credits_of(transaction_hash, (movement,), taken={(paid.asset, paid.sender): paid.amount})


def _input_of(known: _Known) -> str:
    return f"{known.payload.sender}:{known.payload.number}"


def _unsupported() -> Declined:
    return Declined(code="PRV_UNSUPPORTED", reason="not of this chain")
