"""Rows as the read models of `domain.contracts.views`."""

from dataclasses import fields, replace
from typing import Any, Final, TypeVar

from domain.contracts.views import (
    BalanceKind,
    BalanceView,
    PartyView,
    Role,
    TransactionView,
    UserActionView,
    as_recipient_sees,
)
from domain.shared.accounts import is_due
from domain.shared.actions import UserAction
from domain.shared.assets import USDC
from domain.shared.ids import ActionId, TransactionId, WalletId
from domain.shared.money import Balance, TransactionAmount, TransactionFee
from infrastructure.db.query import Row

View = TypeVar("View")

_BALANCE_KINDS: Final = {kind.value.lower(): kind for kind in BalanceKind}
_COMPOSED: Final = frozenset({"role", "given", "fees", "sender", "recipient"})
_PLAIN: Final = tuple(
    field.name for field in fields(TransactionView) if field.name not in _COMPOSED
)


def view_of(view: type[View], row: Row, **changes: Any) -> View:  # noqa: ANN401  the fields of a view
    """The view whose fields are named like the row's columns, but for `changes`."""
    names = getattr(view, "__dataclass_fields__")  # noqa: B009  no instance yet to ask for fields
    return view(**{name: row[name] for name in names if name not in changes}, **changes)


def transaction_as_seen(row: Row, viewer: WalletId) -> TransactionView | None:
    """What the viewer's side may see of the transaction; None where it may see nothing."""
    whole = TransactionView(
        **{name: row[name] for name in _PLAIN},
        role=Role.SENDER,
        given=TransactionAmount(
            value=row["amount"], source_asset=row["asset"], target_asset=row["target_asset"]
        ),
        fees=_fees(row),
        sender=PartyView(username=row["sender_username"], address=row["sender_address"]),
        recipient=PartyView(username=row["recipient_username"], address=row["recipient_address"]),
    )
    return whole if row["wallet_id"] == viewer else as_recipient_sees(whole)


def _fees(row: Row) -> tuple[TransactionFee, ...]:
    """What costs something, and the platform's own fee also where it is nothing. A flow whose fees
    are in several assets names them one by one."""
    due = TransactionFee(kind="FEE_DUE", amount=row["fee_due"], asset=USDC.symbol)
    owed = (due,) if due.amount else ()
    if row["fees"]:
        return (*(TransactionFee(**line) for line in row["fees"]), *owed)
    lines = (
        TransactionFee(kind="PLATFORM", amount=row["platform_fee"], asset=row["asset"]),
        TransactionFee(kind="NETWORK", amount=row["network_fee"], asset=row["asset"]),
        TransactionFee(
            kind="PROVIDER",
            amount=row["provider_fee"],
            asset=row["asset"],
            provider=row["provider"],
        ),
    )
    return (*(line for line in lines if line.amount or line.kind == "PLATFORM"), *owed)


def action_view(row: Row) -> UserActionView:
    """A user action with its present status, as it is stored."""
    return UserActionView(
        id=ActionId(row["id"]),
        transaction_id=TransactionId(row["transaction_id"]),
        action=UserAction(type=row["type"], timestamp=row["at"], approval=row["approval"]),
        status=row["status"],
        payload=row["payload"],
        summary=row["summary"],
        expires_at=row["expires_at"],
        chain=row["chain"],
        options=tuple((each["name"], each["summary"]) for each in row["options"]),
    )


def balance_views(rows: list[Row], *, fee_reserve: int) -> tuple[BalanceView, ...]:
    """The balances of a wallet: USDC always, also where nothing was ever booked; `fee_reserve` stays
    in what is available of it."""
    owed = sum(row["posted"] for row in rows if is_due(row["code"]))
    found = [
        _balance_view(kind, row, fee_reserve if kind is BalanceKind.AVAILABLE else 0)
        for row in rows
        if (kind := _BALANCE_KINDS.get(row["code"].partition(":")[0])) is not None
    ]
    if not any(view.kind is BalanceKind.AVAILABLE for view in found):
        found.insert(0, _NOTHING)
    return tuple(
        replace(view, fee_due=owed) if view.kind is BalanceKind.AVAILABLE else view
        for view in found
    )


def _balance_view(kind: BalanceKind, row: Row, reserve: int) -> BalanceView:
    spendable = max(0, row["posted"] - row["held"] - row["soft"] - (row["floor"] or 0))
    return BalanceView(
        kind=kind,
        booked=Balance.of(row["posted"], row["asset"]),
        reserved=row["held"],
        earmarked=row["soft"],
        pending=row["incoming"],
        spendable=spendable,
        amount_max=max(0, spendable - reserve),
    )


_NOTHING: Final = BalanceView(kind=BalanceKind.AVAILABLE, booked=Balance.of(0, USDC.symbol))
