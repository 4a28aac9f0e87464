"""What is held for a network's own fees, where the user pays them: taken transaction by transaction,
as the chain shows it, and free again with the flow's own hold."""

from dataclasses import dataclass

from domain.contracts.envelope import Event
from domain.contracts.events import ReservedBalanceCaptured
from domain.contracts.gas import Gas
from domain.contracts.swap_events import (
    BlockchainApprovalConfirmed,
    InvestedBalanceReserved,
    gas_of_approvals,
)
from domain.shared.accounts import chain, invested
from domain.shared.assets import ASSETS
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.ids import HoldId, derived
from domain.shared.stream import Stream
from domain.shared.unit import Account, HoldKind, HoldPlaced, HoldSettled, Posting


@dataclass(frozen=True, slots=True, kw_only=True)
class GasHold:
    """`left` (base units) of it is still held."""

    id: HoldId
    account: Account
    left: int


def place(stream: Stream, gas: Gas) -> tuple[HoldId, Decision]:
    """Holds all that the network may take."""
    account = invested(stream.wallet_id, ASSETS[gas.asset])
    hold_id = HoldId(derived(stream.id, "hold", "gas"))
    placed = HoldPlaced(
        id=hold_id, account=account, kind=HoldKind.HARD, part="gas", amount=gas.amount
    )
    rows = Decision(holds_placed=(placed,), postings=(Posting(account=account, held=gas.amount),))
    return hold_id, rows


def on_approved(stream: Stream, event: Event, _facts: Facts) -> Decision:
    """Books what an approval cost; the rest stays held for the swap."""
    match event.data, _held(stream):
        case BlockchainApprovalConfirmed(gas=Gas(amount=paid)), GasHold() as held:
            left = ReservedBalanceCaptured(asset=held.account.asset, captured=paid, released=0)
            rows = _settled(held, captured=paid, released=0, spent=paid)
            return Decision(events=(left,)) + rows
        case _:
            return NOTHING


def end(stream: Stream, *taken: Gas | None) -> Decision:
    """Books what the last transaction took, and frees the rest."""
    held = _held(stream)
    if held is None:
        return NOTHING
    spent = sum(each.amount for each in taken if each is not None)
    captured = min(spent, held.left)
    return _settled(held, captured=captured, released=held.left - captured, spent=spent)


def _held(stream: Stream) -> GasHold | None:
    reserved = stream.latest(InvestedBalanceReserved)
    if reserved is None or reserved.gas is None or reserved.gas_hold_id is None:
        return None
    return GasHold(
        id=reserved.gas_hold_id,
        account=invested(stream.wallet_id, ASSETS[reserved.gas.asset]),
        left=reserved.gas.amount - gas_of_approvals(stream.events),
    )


def _settled(held: GasHold, *, captured: int, released: int, spent: int) -> Decision:
    ends = captured + released
    settled = HoldSettled(
        id=held.id,
        account=held.account,
        kind=HoldKind.HARD,
        captured=captured,
        released=released,
    )
    beyond = chain(ASSETS[held.account.asset])
    return Decision(
        holds_settled=(settled,) if ends else (),
        postings=(
            Posting(account=held.account, held=-ends, posted=-spent),
            *((Posting(account=beyond, posted=spent),) if spent else ()),
        ),
    )
