"""How a call to an on-ramp ended, and what of a payment is known then."""

from dataclasses import dataclass
from datetime import datetime

from domain.provider.effects import Unknown
from domain.provider.ramps import Mismatch, NotOpened


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The user can pay at `redirect_url`; first looked for at `due_at`."""

    reference: str
    redirect_url: str
    expires_at: datetime | None
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the provider says of a payment: `fiat_amount` in hundredths of `fiat_currency`, and what it
    delivers where. What it does not tell is None."""

    fiat_amount: int | None = None
    fiat_currency: str | None = None
    asset: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Nothing has changed; to be asked again at `due_at`. `paid`: the provider has the money;
    `awaits_user`: nobody is paying, `try_failed`: any more; `is_begun`: somebody is; `overdue`: why a
    person has to look by now."""

    due_at: datetime
    paid: bool
    told: Told = Told()
    awaits_user: bool = False
    try_failed: bool = False
    is_begun: bool = False
    overdue: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The chain shows, finally, what the provider sent to the user's own address, and from whom."""

    asset: str
    amount: int
    transaction_hash: str
    instruction: int
    account: str
    senders: tuple[str, ...] = ()
    told: Told = Told()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The provider says that it will not happen; `refunded`: it had the money and gave it back.

    `is_dead` is False where our own clock alone says so: money may yet come. Where the provider has
    the money still, nothing has ended: to be asked again at `due_at`.
    """

    code: str
    reason: str
    refunded: bool
    due_at: datetime
    is_dead: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongDelivery(Mismatch):
    """`instead` is what the provider delivered to the user's own address."""

    instead: Delivered


OpenOutcome = Opened | NotOpened
CheckOutcome = Waiting | Delivered | Ended | Mismatch | Unknown
