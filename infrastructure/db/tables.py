"""The tables that composed reads go over, as SQLAlchemy Core knows them; migrations make them."""

from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

BaseUnits: Final = Numeric(38, 0)
Moment: Final = DateTime(timezone=True)
metadata: Final = MetaData()


def _key(name: str, kind: type[TypeEngine[Any]] = Uuid) -> Column[Any]:
    return Column(name, kind, primary_key=True)


def _given(name: str, kind: TypeEngine[Any] | type[TypeEngine[Any]]) -> Column[Any]:
    return Column(name, kind, nullable=False)


def _maybe(name: str, kind: TypeEngine[Any] | type[TypeEngine[Any]]) -> Column[Any]:
    return Column(name, kind)


app_user = Table(
    "app_user",
    metadata,
    _key("id"),
    _given("username", Text),
    _given("username_lower", Text),
    _given("kyc_level", Text),
    _maybe("country", Text),
    _given("risk_tier", Text),
    _given("preferred_providers", ARRAY(Text)),
    _given("created_at", Moment),
)
wallet = Table(
    "wallet",
    metadata,
    _key("id"),
    _given("user_id", Uuid),
    _given("created_at", Moment),
)
wallet_address = Table(
    "wallet_address",
    metadata,
    _key("wallet_id"),
    _key("chain", Text),
    _given("address", Text),
)
account = Table(
    "account",
    metadata,
    _key("id"),
    _given("code", Text),
    _given("asset", Text),
    _maybe("wallet_id", Uuid),
    _maybe("floor", BaseUnits),
    _given("opened_at", Moment),
)
balance = Table(
    "balance",
    metadata,
    _key("account_id"),
    _given("asset", Text),
    _given("posted", BaseUnits),
    _given("held", BaseUnits),
    _given("soft", BaseUnits),
    _given("incoming", BaseUnits),
    _maybe("floor", BaseUnits),
    _given("sequence", BigInteger),
    _given("last_at", Moment),
)
transaction = Table(
    "transaction",
    metadata,
    _key("id"),
    _given("wallet_id", Uuid),
    _given("user_id", Uuid),
    _given("type", Text),
    _given("state", Text),
    _maybe("sub_state", Text),
    _given("amount", BaseUnits),
    _given("asset", Text),
    _maybe("target_amount", BaseUnits),
    _maybe("target_asset", Text),
    _maybe("received_amount", BaseUnits),
    _maybe("sender_username", Text),
    _maybe("sender_address", Text),
    _maybe("recipient_wallet_id", Uuid),
    _maybe("recipient_user_id", Uuid),
    _maybe("recipient_username", Text),
    _maybe("recipient_address", Text),
    _given("platform_fee", BaseUnits),
    _given("network_fee", BaseUnits),
    _given("provider_fee", BaseUnits),
    _given("fee_due", BaseUnits),
    _given("fees", JSONB),
    _maybe("memo", Text),
    _maybe("reason", Text),
    _given("waiting_on", Text),
    _given("outcome_certainty", Text),
    _given("funds_location", Text),
    _given("progress_percent", Integer),
    _given("attempt", Integer),
    _maybe("provider", Text),
    _maybe("provider_explanation", Text),
    _maybe("provider_reference", Text),
    _maybe("chain", Text),
    _maybe("chain_signature", Text),
    _maybe("delivery_chain", Text),
    _maybe("delivery_hash", Text),
    _maybe("strategy_id", Text),
    _maybe("position_id", Uuid),
    _given("definition_version", Integer),
    _maybe("linked_id", Uuid),
    _maybe("correlation_id", Text),
    _given("cancellable", Boolean),
    _maybe("approval_deadline", Moment),
    _maybe("estimated_completion", Moment),
    _maybe("estimated_as", Text),
    _given("created_at", Moment),
    _given("updated_at", Moment),
    _maybe("completed_at", Moment),
    _given("details", JSONB),
)
transaction_history = Table(
    "transaction_history",
    metadata,
    _key("transaction_id"),
    _key("event_sequence", Integer),
    _key("position", Integer),
    _given("wallet_id", Uuid),
    _given("state", Text),
    _maybe("sub_state", Text),
    _given("event_type", Text),
    _given("at", Moment),
    _maybe("reason", Text),
)
transaction_step = Table(
    "transaction_step",
    metadata,
    _key("transaction_id"),
    _key("event_sequence", Integer),
    _key("name", Text),
    _key("status", Text),
    _given("wallet_id", Uuid),
    _given("type", Text),
    _given("attempt", Integer),
    _given("at", Moment),
    _maybe("detail", Text),
)
provider_interaction = Table(
    "provider_interaction",
    metadata,
    _key("id"),
    _given("transaction_id", Uuid),
    _given("wallet_id", Uuid),
    _given("provider", Text),
    _given("operation", Text),
    _given("outcome", Text),
    _given("attempt", Integer),
    _given("at", Moment),
    _given("request", JSONB),
    _given("response", JSONB),
)
recovery_attempt = Table(
    "recovery_attempt",
    metadata,
    _key("id"),
    _given("transaction_id", Uuid),
    _given("wallet_id", Uuid),
    _given("strategy", Text),
    _given("reason", Text),
    _given("attempt", Integer),
    _given("at", Moment),
    _given("result", Text),
)
user_action = Table(
    "user_action",
    metadata,
    _key("id"),
    _given("transaction_id", Uuid),
    _given("wallet_id", Uuid),
    _given("type", Text),
    _given("payload", Text),
    _given("summary", Text),
    _given("attempt", Integer),
    _maybe("expires_at", Moment),
    _given("at", Moment),
    _maybe("chain", Text),
    _given("options", JSONB),
)
user_action_status = Table(
    "user_action_status",
    metadata,
    _key("id", BigInteger),
    _given("action_id", Uuid),
    _given("wallet_id", Uuid),
    _given("status", Text),
    _given("at", Moment),
    _given("approval", JSONB),
)
effect = Table(
    "effect",
    metadata,
    _key("id"),
    _given("stream_id", Uuid),
    _given("wallet_id", Uuid),
    _given("group_name", Text),
    _given("kind", Text),
    _given("key", Text),
    _given("attempt", Integer),
    _given("state", Text),
    _given("epoch", Integer),
    _given("unanswered", Boolean),
    _maybe("lease_owner", Text),
    _maybe("lease_until", Moment),
    _given("due_at", Moment),
    _given("tries", Integer),
    _given("request", JSONB),
    _given("response", JSONB),
    _given("created_at", Moment),
    _given("updated_at", Moment),
)
