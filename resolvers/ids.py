"""Global identifiers: the only form in which the API shows or takes an identifier."""

import base64
import binascii
from enum import StrEnum
from typing import Final
from uuid import UUID

from domain.shared.errors import InvalidInput

LENGTH_MAX: Final = 128
"""The longest of ours has 72 characters."""


class Kind(StrEnum):
    """What an identifier is of: the name of its GraphQL type."""

    USER = "User"
    WALLET = "Wallet"
    TRANSACTION = "Transaction"
    USER_ACTION = "UserAction"
    POSITION = "StrategyPosition"
    BANK_ACCOUNT = "BankAccount"
    CONTACT = "Contact"
    SAVED_ADDRESS = "SavedAddress"
    PAYMENT_METHOD = "SavedPaymentMethod"
    QUOTE = "Quote"


class InvalidId(InvalidInput):
    """The text is no identifier of ours, or one of something else."""

    code = "VAL_ID"


def encode(kind: Kind, identifier: UUID) -> str:
    """The opaque form: the same identifier always gives the same text."""
    return base64.b64encode(f"{kind}:{identifier}".encode()).decode("ascii")


def decode_any(text: str, *, field: str = "id") -> tuple[Kind, UUID]:
    """What `encode` was given. Raises `InvalidId` for any text that it never returned."""
    try:
        kind_name, _, uuid_text = _plain(text).partition(":")
        kind, identifier = Kind(kind_name), UUID(uuid_text)
    except (ValueError, binascii.Error):
        raise InvalidId(field=field) from None
    if encode(kind, identifier) != text:
        raise InvalidId(field=field)
    return kind, identifier


def decode(kind: Kind, text: str, *, field: str = "id") -> UUID:
    """`decode_any` for one kind alone."""
    found, identifier = decode_any(text, field=field)
    if found is not kind:
        raise InvalidId(field=field)
    return identifier


def _plain(text: str) -> str:
    if len(text) > LENGTH_MAX:
        raise ValueError("too long")
    return base64.b64decode(text, validate=True).decode("ascii")
