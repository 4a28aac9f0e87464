"""Reads what a user typed; nothing is asked of anybody before all of it is well formed."""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from domain.contracts.services import SendInput, WithdrawInput
from domain.shared.assets import USDC
from domain.shared.errors import InvalidInput
from domain.shared.money import parse_amount
from infrastructure.chains.solana.addresses import InvalidAddress, parse_address

USERNAME: Final = re.compile(r"@([A-Za-z][A-Za-z0-9_]{2,19})", re.ASCII)
IDEMPOTENCY_KEY: Final = re.compile(r"[!-~]{1,128}", re.ASCII)
NO_KEY: Final = ""
PERCENT: Final = re.compile(r"(0|[1-9][0-9]?)(?:\.([0-9]{1,4}))?", re.ASCII)
PERCENT_MILLIONTHS: Final = 10_000
MEMO_BYTES_MAX: Final = 256
"""It travels in the transaction, which has to fit into one packet of the network."""
SIGNED_BYTES_MAX: Final = 128 * 1024
"""What nodes of Ethereum and Sui take at most; Solana's and most of Bitcoin's are far smaller."""
SIGNED_TEXT_MAX: Final = 4 * (SIGNED_BYTES_MAX // 3 + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedRecipient:
    """Whom the user named: by `username` (without the @) or by `address`, in which field."""

    username: str | None = None
    address: str | None = None
    field: str = "input.recipient"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTransfer:
    """A wish to transfer, read: `amount` in USDC base units."""

    amount: int
    recipient: NamedRecipient
    memo: str | None
    key: str
    quote_id: UUID | None = None

    @property
    def content(self) -> list[object]:
        """The same for the same wish, however its amount was spelt."""
        named = self.recipient.username and self.recipient.username.lower()
        return [self.amount, named, self.recipient.address, self.memo]


def read_withdraw(wish: WithdrawInput) -> ReadTransfer:
    """Raises `InvalidInput` that names the first field that is wrong."""
    field = "input.destination.externalWallet"
    if wish.asset != USDC.symbol:
        raise InvalidInput(code="VAL_ASSET", field="input.asset")
    if wish.chain != USDC.chain:
        raise InvalidInput(code="VAL_CHAIN", field=f"{field}.chain")
    try:
        address = str(parse_address(wish.address))
    except InvalidAddress:
        raise InvalidInput(code="VAL_ADDRESS", field=f"{field}.address") from None
    return ReadTransfer(
        amount=read_amount(wish.amount),
        recipient=NamedRecipient(address=address, field=f"{field}.address"),
        memo=None,
        key=read_key(wish.idempotency_key),
        quote_id=wish.quote_id,
    )


def read_send(wish: SendInput) -> ReadTransfer:
    """Raises `InvalidInput` that names the first field that is wrong."""
    return ReadTransfer(
        amount=read_amount(wish.amount),
        recipient=read_recipient(wish.recipient),
        memo=_memo(wish.memo),
        key=read_key(wish.idempotency_key),
        quote_id=wish.quote_id,
    )


def read_amount(text: str) -> int:
    """USDC base units."""
    return parse_amount(text, USDC, field="input.amount")


def read_recipient(text: str) -> NamedRecipient:
    """`@username` or a Solana address."""
    if text.startswith("@"):
        match = USERNAME.fullmatch(text)
        if match is None:
            raise InvalidInput(code="VAL_RECIPIENT", field="input.recipient")
        return NamedRecipient(username=match[1])
    try:
        return NamedRecipient(address=str(parse_address(text)))
    except InvalidAddress:
        raise InvalidInput(code="VAL_ADDRESS", field="input.recipient") from None


def read_signed(text: str) -> bytes:
    """The bytes of a base64 text, no longer than a transaction can be."""
    wrong = InvalidInput(code="VAL_SIGNED_TRANSACTION", field="input.signedTransaction")
    if len(text) > SIGNED_TEXT_MAX:
        raise wrong
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise wrong from None


def _memo(text: str | None) -> str | None:
    if not text:
        return None
    if len(text.encode(errors="replace")) > MEMO_BYTES_MAX or not text.isprintable():
        raise InvalidInput(code="VAL_MEMO", field="input.memo", limit=str(MEMO_BYTES_MAX))
    return text


def read_slippage(text: str) -> int:
    """A percentage such as `0.5`, in millionths of the whole."""
    match = PERCENT.fullmatch(text)
    if match is None:
        raise InvalidInput(code="VAL_SLIPPAGE", field="input.maxSlippagePercent")
    return int(match[1]) * PERCENT_MILLIONTHS + int((match[2] or "").ljust(4, "0"))


def read_key(text: str | None) -> str:
    """An idempotency key; of a wish that is only looked at, one that nobody can have."""
    if text is None:
        return NO_KEY
    if IDEMPOTENCY_KEY.fullmatch(text) is None:
        raise InvalidInput(code="VAL_IDEMPOTENCY_KEY", field="input.idempotencyKey")
    return text
