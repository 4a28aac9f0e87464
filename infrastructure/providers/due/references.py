"""How the platform refers to a transfer of Due: Due wants the account's id with every call, and
the port has one text for both."""

from typing import Final

_SEPARATOR: Final = "/"


def reference(*, account: str, transfer: str) -> str:
    return f"{account}{_SEPARATOR}{transfer}"


def account_and_transfer(text: str) -> tuple[str, str] | None:
    """None where the text is no reference."""
    account, separator, transfer = text.partition(_SEPARATOR)
    return (account, transfer) if account and separator and transfer else None
