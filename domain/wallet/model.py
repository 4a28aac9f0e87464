"""How a Send is held and how its holds end."""

from dataclasses import dataclass

from domain.contracts.events import AvailableBalanceReserved, ReservedBalanceCaptured
from domain.contracts.swap_events import InvestedBalanceReserved
from domain.shared.accounts import available, invested
from domain.shared.assets import ASSETS
from domain.shared.ids import HoldId, StreamId, WalletId, derived
from domain.shared.unit import Account, HoldKind, HoldPlaced, HoldSettled, Posting


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """A hold in two parts on one balance of a wallet: the principal and the fees."""

    account: Account
    principal_hold_id: HoldId
    principal: int
    fees_hold_id: HoldId | None
    fees: int

    @classmethod
    def opened(
        cls, *, stream_id: StreamId, account: Account, amount: int, fees: int
    ) -> "Reservation":
        """The reservation of `amount`, of which `fees` are a part of their own."""
        return cls(
            account=account,
            principal_hold_id=HoldId(derived(stream_id, "hold", "principal")),
            principal=amount - fees,
            fees_hold_id=HoldId(derived(stream_id, "hold", "fees")) if fees else None,
            fees=fees,
        )

    @classmethod
    def of(
        cls, event: AvailableBalanceReserved | InvestedBalanceReserved, wallet_id: WalletId
    ) -> "Reservation":
        """The reservation that the event tells of."""
        if isinstance(event, InvestedBalanceReserved):
            return cls(
                account=invested(wallet_id, ASSETS[event.asset]),
                principal_hold_id=event.hold_id,
                principal=event.amount,
                fees_hold_id=None,
                fees=0,
            )
        return cls(
            account=available(wallet_id),
            principal_hold_id=event.principal_hold_id,
            principal=event.principal,
            fees_hold_id=event.fees_hold_id,
            fees=event.fees,
        )

    @property
    def total(self) -> int:
        """All that is held, in base units."""
        return self.principal + self.fees

    def placed(self) -> tuple[HoldPlaced, ...]:
        """The holds of the reservation, still to be placed."""
        return tuple(
            HoldPlaced(
                id=hold_id,
                account=self.account,
                kind=HoldKind.HARD,
                part=part,
                amount=amount,
            )
            for hold_id, part, amount in self._parts()
        )

    def left(self, *, captured: int) -> ReservedBalanceCaptured:
        """What is told of the reservation when that much of it was taken."""
        taken = min(captured, self.total)
        return ReservedBalanceCaptured(
            asset=self.account.asset, captured=taken, released=self.total - taken
        )

    def settled(self, *, captured: int) -> tuple[HoldSettled, ...]:
        """Captures that much, the principal first, and releases what is left."""
        settled = []
        for hold_id, _part, amount in self._parts():
            taken = min(amount, captured)
            captured -= taken
            settled.append(
                HoldSettled(
                    id=hold_id,
                    account=self.account,
                    kind=HoldKind.HARD,
                    captured=taken,
                    released=amount - taken,
                )
            )
        return tuple(settled)

    def posting(self, *, held: int, posted: int = 0) -> Posting:
        """A change of the balance."""
        return Posting(account=self.account, posted=posted, held=held)

    def _parts(self) -> tuple[tuple[HoldId, str, int], ...]:
        principal = (self.principal_hold_id, "principal", self.principal)
        if self.fees_hold_id is None:
            return (principal,)
        return (principal, (self.fees_hold_id, "fees", self.fees))
