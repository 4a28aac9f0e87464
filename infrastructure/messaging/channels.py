"""The fixed channels: a wallet's events all go through one of them, in order."""

from typing import Final

from domain.contracts.envelope import Event
from domain.shared.ids import WalletId

WALLET_CHANNELS: Final = 16  # fixed for ever: offsets are counted per channel
OPERATIONS: Final = WALLET_CHANNELS
ALL_CHANNELS: Final = WALLET_CHANNELS + 1
WAKEUP: Final = "diboas:wakeup"


def channel_of(wallet_id: WalletId | None) -> int:
    """The channel that carries a wallet's events; that of operations for no wallet."""
    # The last bits of an identifier are random in every version in use.
    return OPERATIONS if wallet_id is None else wallet_id.int % WALLET_CHANNELS


def channels_of(event: Event) -> tuple[int, ...]:
    """The channels an event is stamped on: its wallet's, its counterparty's, operations.

    Independent of what the audiences may see, so that a new projection moves no offset.
    """
    own = channel_of(event.wallet_id)
    if event.counterparty_wallet_id is None:
        return (own, OPERATIONS)
    other = channel_of(event.counterparty_wallet_id)
    return (own, OPERATIONS) if other == own else (own, other, OPERATIONS)


def channel_name(channel: int) -> str:
    """The channel's name in Redis."""
    return f"diboas:events:{'operations' if channel == OPERATIONS else channel}"
