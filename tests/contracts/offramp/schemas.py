"""Minimal schemas of our own: what of the providers' formats these adapters rely on."""

from typing import Final

Schema = dict[str, object]

DECIMAL: Final[Schema] = {"type": "string", "pattern": r"^(0|[1-9][0-9]*)(\.[0-9]+)?$"}
TEXT: Final[Schema] = {"type": "string", "minLength": 1}
TIME: Final[Schema] = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"}


def closed(required: Schema, optional: Schema | None = None) -> Schema:
    """An object with these members and no others: for what is sent."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def holding(required: Schema) -> Schema:
    """An object with at least these members: for what is answered."""
    return {"type": "object", "properties": required, "required": list(required)}


BRIDGE_STATES: Final = [
    "awaiting_funds",
    "in_review",
    "funds_received",
    "payment_submitted",
    "payment_processed",
    "undeliverable",
    "returned",
    "missing_return_policy",
    "refunded",
    "canceled",
    "error",
    "refund_in_flight",
    "refund_failed",
]

BRIDGE_NEW_TRANSFER: Final = closed(
    {
        "client_reference_id": TEXT,
        "amount": DECIMAL,
        "on_behalf_of": TEXT,
        "source": closed({"payment_rail": TEXT, "currency": TEXT, "from_address": TEXT}),
        "destination": closed(
            {
                "payment_rail": {"enum": ["ach", "wire", "sepa", "faster_payments", "pix"]},
                "currency": {"enum": ["usd", "eur", "gbp", "brl"]},
                "external_account_id": TEXT,
            }
        ),
        "return_instructions": closed({"address": TEXT}),
    },
    {"developer_fee": DECIMAL},
)
BRIDGE_NEW_ACCOUNT: Final[Schema] = {
    "oneOf": [
        closed(
            {
                "currency": {"const": "usd"},
                "account_type": {"const": "us"},
                "account_owner_name": TEXT,
                "account": closed(
                    {
                        "account_number": TEXT,
                        "routing_number": TEXT,
                        "checking_or_savings": {"enum": ["checking", "savings"]},
                    }
                ),
                "address": closed(
                    {
                        "street_line_1": TEXT,
                        "city": TEXT,
                        "state": TEXT,
                        "postal_code": TEXT,
                        "country": {"type": "string", "pattern": "^[A-Z]{3}$"},
                    }
                ),
            }
        ),
        closed(
            {
                "currency": {"const": "eur"},
                "account_type": {"const": "iban"},
                "account_owner_name": TEXT,
                "account_owner_type": {"enum": ["individual", "business"]},
                "first_name": TEXT,
                "last_name": TEXT,
                "iban": closed(
                    {
                        "account_number": {"type": "string", "pattern": "^[A-Z0-9]+$"},
                        "country": {"type": "string", "pattern": "^[A-Z]{3}$"},
                    },
                    {"bic": TEXT},
                ),
            }
        ),
        closed(
            {
                "currency": {"const": "gbp"},
                "account_type": {"const": "gb"},
                "account_owner_name": TEXT,
                "account_owner_type": {"enum": ["individual", "business"]},
                "first_name": TEXT,
                "last_name": TEXT,
                "account": closed({"account_number": TEXT, "sort_code": TEXT}),
            }
        ),
        closed(
            {
                "currency": {"const": "brl"},
                "account_type": {"const": "pix"},
                "account_owner_name": TEXT,
                "pix_key": closed({"pix_key": TEXT}, {"document_number": TEXT}),
            }
        ),
    ]
}
BRIDGE_TRANSFER: Final = holding(
    {
        "id": TEXT,
        "amount": DECIMAL,
        "developer_fee": DECIMAL,
        "currency": TEXT,
        "on_behalf_of": TEXT,
        "source": holding({"payment_rail": TEXT, "currency": TEXT}),
        "destination": holding({"payment_rail": TEXT, "currency": TEXT}),
        "state": {"enum": BRIDGE_STATES},
        "source_deposit_instructions": holding(
            {"payment_rail": TEXT, "amount": DECIMAL, "currency": TEXT, "to_address": TEXT}
        ),
        "receipt": holding(
            {
                "initial_amount": DECIMAL,
                "developer_fee": DECIMAL,
                "exchange_fee": DECIMAL,
                "subtotal_amount": DECIMAL,
            }
        ),
        "created_at": TIME,
        "updated_at": TIME,
    }
)
BRIDGE_RATE: Final = holding(
    {"midmarket_rate": DECIMAL, "buy_rate": DECIMAL, "sell_rate": DECIMAL, "updated_at": TIME}
)
BRIDGE_ACCOUNT: Final = holding({"id": TEXT, "customer_id": TEXT, "currency": TEXT})
BRIDGE_EVENT: Final = holding(
    {
        "api_version": TEXT,
        "event_id": TEXT,
        "event_category": {"const": "transfer"},
        "event_type": TEXT,
        "event_object_id": TEXT,
        "event_object_status": {"enum": BRIDGE_STATES},
        "event_object": BRIDGE_TRANSFER,
        "event_object_changes": {"type": "object"},
        "event_created_at": TIME,
    }
)

DUE_STATUSES: Final = [
    "awaiting_funds",
    "funds_received",
    "approved",
    "manual_review",
    "payment_submitted",
    "payment_processed",
    "failed",
    "canceled",
    "refund_submitted",
    "refund_processed",
]
_DUE_SIDE: Final = closed(
    {"rail": TEXT, "currency": TEXT, "amount": DECIMAL}, {"applicationFeeAmount": DECIMAL}
)
_DUE_TOLD: Final = holding({"rail": TEXT, "currency": TEXT, "amount": DECIMAL})
DUE_NEW_QUOTE: Final = closed({"source": _DUE_SIDE, "destination": _DUE_SIDE})
DUE_NEW_TRANSFER: Final = closed({"quote": TEXT, "recipient": TEXT, "externalId": TEXT})
DUE_NEW_RECIPIENT: Final = closed(
    {
        "name": TEXT,
        "details": holding(
            {"schema": {"enum": ["bank_us", "bank_sepa", "bank_uk", "bank_br_pix"]}}
        ),
        "isExternal": {"type": "boolean"},
    }
)
DUE_QUOTE: Final = holding(
    {
        "token": TEXT,
        "source": _DUE_TOLD,
        "destination": _DUE_TOLD,
        "fxRate": {"type": "number"},
        "expiresAt": TIME,
    }
)
DUE_TRANSFER: Final = holding(
    {
        "id": TEXT,
        "ownerId": TEXT,
        "status": {"enum": DUE_STATUSES},
        "source": _DUE_TOLD,
        "destination": _DUE_TOLD,
        "createdAt": TIME,
        "expiresAt": TIME,
    }
)
DUE_FUNDING_ADDRESS: Final = holding(
    {
        "kind": {"const": "disposable_account"},
        "details": holding(
            {
                "schema": {"const": "solana"},
                "address": {
                    "type": "array",
                    "items": {"type": "integer", "minimum": 0, "maximum": 255},
                    "minItems": 32,
                    "maxItems": 32,
                },
            }
        ),
    }
)
DUE_EVENT: Final = holding(
    {
        "id": TEXT,
        "type": {"const": "transfer.status_changed"},
        "data": DUE_TRANSFER,
        "occurredAt": TIME,
        "attemptedAt": TIME,
    }
)
