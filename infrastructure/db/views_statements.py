"""The statements of the read side, composed and compiled once."""

from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    Table,
    Text,
    Uuid,
    any_,
    bindparam,
    func,
    or_,
    select,
    tuple_,
    union_all,
)

from domain.shared.unit import OPEN_EFFECT_STATES, ActionStatus
from infrastructure.db.query import Query
from infrastructure.db.tables import (
    Moment,
    account,
    app_user,
    balance,
    effect,
    provider_interaction,
    recovery_attempt,
    transaction,
    transaction_history,
    transaction_step,
    user_action,
    user_action_status,
    wallet,
    wallet_address,
)

ACTIONS_LOOKED_AT_MAX: Final = 200
"""The newest actions of a wallet: what is older has long run out."""

_ID: Final[BindParameter[Any]] = bindparam("wanted_id", type_=Uuid)
_IDS: Final[BindParameter[Any]] = bindparam("wanted_ids", type_=ARRAY(Uuid))
_WALLET: Final[BindParameter[Any]] = bindparam("viewer_wallet_id", type_=Uuid)
_STATES: Final[BindParameter[Any]] = bindparam("shown_states", type_=ARRAY(Text))
_COUNT: Final[BindParameter[Any]] = bindparam("row_count", type_=Integer)
_PLACE: Final = tuple_(bindparam("place_at", type_=Moment), bindparam("place_id", type_=Uuid))

USER: Final = Query(
    select(app_user, wallet.c.id.label("wallet_id"))
    .join_from(app_user, wallet, wallet.c.user_id == app_user.c.id)
    .where(app_user.c.id == _ID)
)
WALLET: Final = Query(select(wallet).where(wallet.c.id == _ID))
ADDRESSES: Final = Query(select(wallet_address).where(wallet_address.c.wallet_id == _ID))
BALANCES: Final = Query(
    select(account.c.code, balance)
    .join_from(account, balance, balance.c.account_id == account.c.id)
    .where(account.c.wallet_id == _ID)
    .order_by(account.c.code)
)

# ------------------------------------------------------------------ transactions

_SENT: Final = transaction.c.wallet_id == _WALLET
_RECEIVED: Final = (
    (transaction.c.recipient_wallet_id == _WALLET)
    & (transaction.c.wallet_id != _WALLET)
    & (transaction.c.state == any_(_STATES))
    & transaction.c.received_amount.is_not(None)
)

_NEXT_CHECK: Final = (
    select(func.min(effect.c.due_at))
    .where(
        effect.c.stream_id == transaction.c.id,
        or_(*(effect.c.state == state for state in OPEN_EFFECT_STATES)),
    )
    .scalar_subquery()
    .label("next_check_at")
)
_TRANSACTIONS: Final = select(transaction, _NEXT_CHECK)

TRANSACTION: Final = Query(_TRANSACTIONS.where(transaction.c.id == _ID, _SENT | _RECEIVED))


def _range(side: ColumnElement[bool], *, backwards: bool) -> Select[Any]:
    place = tuple_(transaction.c.created_at, transaction.c.id)
    found = _TRANSACTIONS.where(side).limit(_COUNT)
    if backwards:
        ordered = found.where(place > _PLACE)
        return ordered.order_by(transaction.c.created_at, transaction.c.id)
    ordered = found.where(place < _PLACE)
    return ordered.order_by(transaction.c.created_at.desc(), transaction.c.id.desc())


def _page(*, backwards: bool) -> Query:
    # Two index ranges, each in order and cut, rather than a scan with an OR.
    sides = (_range(side, backwards=backwards) for side in (_SENT, _RECEIVED))
    both = union_all(*sides).subquery("both_sides")
    order = (both.c.created_at, both.c.id)
    directed = order if backwards else tuple(column.desc() for column in order)
    return Query(select(both).order_by(*directed).limit(_COUNT))


PAGE_FORWARDS: Final = _page(backwards=False)
PAGE_BACKWARDS: Final = _page(backwards=True)

# ------------------------------------------------------------------ what belongs to transactions


def _of_transactions(table: Table, *order: ColumnElement[Any]) -> Query:
    return Query(select(table).where(table.c.transaction_id == any_(_IDS)).order_by(*order))


TIMELINES: Final = _of_transactions(
    transaction_history, transaction_history.c.event_sequence, transaction_history.c.position
)
# One event ends a step and begins the next; the status sorts in that order.
STEPS: Final = _of_transactions(
    transaction_step,
    transaction_step.c.event_sequence,
    transaction_step.c.status,
    transaction_step.c.name,
)
ATTEMPTS: Final = _of_transactions(
    recovery_attempt, recovery_attempt.c.at, recovery_attempt.c.attempt, recovery_attempt.c.id
)
INTERACTIONS: Final = Query(
    select(
        provider_interaction.c.id,
        provider_interaction.c.transaction_id,
        provider_interaction.c.provider,
        provider_interaction.c.operation,
        provider_interaction.c.outcome,
        provider_interaction.c.attempt,
        provider_interaction.c.at,
    )
    .where(provider_interaction.c.transaction_id == any_(_IDS))
    .order_by(provider_interaction.c.at, provider_interaction.c.id)
)

_STATUS: Final = (
    select(user_action_status.c.status)
    .where(user_action_status.c.action_id == user_action.c.id)
    .order_by(user_action_status.c.id.desc())
    .limit(1)
    .scalar_subquery()
    .label("status")
)
_ANSWER: Final = user_action_status.c.approval
_APPROVAL: Final = (
    select(func.coalesce(_ANSWER["signature"].astext, _ANSWER["option"].astext))
    .where(
        user_action_status.c.action_id == user_action.c.id,
        or_(
            user_action_status.c.status == ActionStatus.SUBMITTED,
            user_action_status.c.status == ActionStatus.COMPLETED,
        ),
    )
    .order_by(user_action_status.c.id)
    .limit(1)
    .scalar_subquery()
    .label("approval")
)
_ACTIONS: Final = select(user_action, _STATUS, _APPROVAL)

ACTIONS: Final = Query(
    _ACTIONS.where(user_action.c.transaction_id == any_(_IDS)).order_by(
        user_action.c.at, user_action.c.attempt, user_action.c.id
    )
)
_newest: Final = (
    _ACTIONS.where(user_action.c.wallet_id == _ID)
    .order_by(user_action.c.at.desc())
    .limit(ACTIONS_LOOKED_AT_MAX)
    .subquery("newest")
)
PENDING_ACTIONS: Final = Query(
    select(_newest)
    .where(_newest.c.status == "PENDING")
    .order_by(_newest.c.at, _newest.c.attempt, _newest.c.id)
)
