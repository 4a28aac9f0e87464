"""The least that requests and answers of the on-ramps have to be, in our own words."""

from typing import Final

Schema = dict[str, object]

TEXT: Final[Schema] = {"type": "string", "minLength": 1}
DECIMAL: Final[Schema] = {"type": "string", "pattern": r"^\d+(\.\d+)?$"}
URL: Final[Schema] = {"type": "string", "pattern": "^https?://"}
INSTANT: Final[Schema] = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT.*Z$"}
MAYBE_TEXT: Final[Schema] = {"type": ["string", "null"]}


def record(required: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    """An object with these members and no others."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def either(*values: str) -> Schema:
    return {"enum": list(values)}


def rows(item: Schema) -> Schema:
    return {"type": "array", "items": item}


# ------------------------------------------------------------------ Coinbase

_WISH: Final[dict[str, Schema]] = {
    "paymentAmount": DECIMAL,
    "paymentCurrency": {"type": "string", "pattern": "^[A-Z]{3}$"},
    "purchaseCurrency": TEXT,
    "destinationNetwork": either("solana", "bitcoin", "ethereum", "sui"),
    "destinationAddress": {"type": "string", "minLength": 1, "maxLength": 128},
}
_PARTNER: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 49}
COINBASE_ORDER_REQUEST: Final = record(
    {
        **_WISH,
        "paymentMethod": either("GUEST_CHECKOUT_APPLE_PAY", "GUEST_CHECKOUT_GOOGLE_PAY"),
        "partnerUserRef": _PARTNER,
    },
    {"isQuote": {"type": "boolean"}, "partnerOrderRef": TEXT},
)
COINBASE_SESSION_REQUEST: Final = record(
    {
        **_WISH,
        "paymentMethod": either("CARD", "ACH", "APPLE_PAY", "PAYPAL"),
        "country": {"type": "string", "pattern": "^[A-Z]{2}$"},
    },
    {"subdivision": TEXT, "partnerUserRef": _PARTNER, "redirectUrl": URL},
)
_FEES: Final = rows(
    record(
        {
            "type": either("FEE_TYPE_EXCHANGE", "FEE_TYPE_NETWORK"),
            "amount": DECIMAL,
            "currency": TEXT,
        }
    )
)
_QUOTE: Final[dict[str, Schema]] = {
    "paymentTotal": DECIMAL,
    "paymentSubtotal": DECIMAL,
    "paymentCurrency": TEXT,
    "purchaseAmount": DECIMAL,
    "purchaseCurrency": TEXT,
    "destinationNetwork": TEXT,
    "exchangeRate": DECIMAL,
    "fees": _FEES,
}
_ORDER: Final = record(
    {
        **_QUOTE,
        "orderId": {"type": "string", "pattern": "^[a-f0-9-]{36}$"},
        "paymentMethod": TEXT,
        "destinationAddress": TEXT,
        "status": {"type": "string", "pattern": "^ONRAMP_ORDER_STATUS_[A-Z_]+$"},
        "createdAt": INSTANT,
        "updatedAt": INSTANT,
    },
    {"partnerUserRef": TEXT, "txHash": TEXT},
)
_LINK: Final = record({"url": URL, "paymentLinkType": TEXT})
COINBASE_ORDER_ANSWER: Final = record({"order": _ORDER}, {"paymentLink": _LINK})
COINBASE_SESSION_ANSWER: Final = record(
    {"session": record({"onrampUrl": URL})}, {"quote": record(_QUOTE)}
)
_MONEY: Final = record({"value": DECIMAL, "currency": TEXT})
COINBASE_TRANSACTIONS: Final = record(
    {
        "transactions": rows(
            record(
                {
                    "status": {
                        "type": "string",
                        "pattern": "^ONRAMP_TRANSACTION_STATUS_[A-Z_]+$",
                    },
                    "transaction_id": TEXT,
                    "purchase_currency": TEXT,
                    "purchase_network": TEXT,
                    "purchase_amount": _MONEY,
                    "payment_total": _MONEY,
                    "payment_subtotal": _MONEY,
                    "coinbase_fee": _MONEY,
                    "network_fee": _MONEY,
                    "exchange_rate": _MONEY,
                    "tx_hash": {"type": "string"},
                    "created_at": INSTANT,
                    "payment_method": TEXT,
                    "wallet_address": TEXT,
                    "partner_user_ref": TEXT,
                    "type": TEXT,
                }
            )
        ),
        "next_page_key": {"type": "string"},
        "total_count": {"type": "string", "pattern": "^[0-9]+$"},
    }
)
COINBASE_ERROR: Final = record({"errorType": TEXT, "errorMessage": TEXT}, {"correlationId": TEXT})

# ------------------------------------------------------------------ Stripe

STRIPE_QUOTE_REQUEST: Final = record(
    {
        "source_currency": either("usd", "eur"),
        "source_amount": DECIMAL,
        "destination_currencies[]": TEXT,
        "destination_networks[]": TEXT,
    }
)
STRIPE_SESSION_REQUEST: Final = record(
    {
        "source_currency": either("usd", "eur"),
        "source_amount": DECIMAL,
        "destination_currency": TEXT,
        "destination_currencies[]": TEXT,
        "destination_network": TEXT,
        "destination_networks[]": TEXT,
        "wallet_addresses[solana]": TEXT,
        "lock_wallet_address": either("true"),
        "metadata[payment_key]": TEXT,
        "metadata[user_reference]": TEXT,
    }
)
_STRIPE_FEES: Final = record({"network_fee_monetary": DECIMAL, "transaction_fee_monetary": DECIMAL})
STRIPE_QUOTES: Final = record(
    {
        "id": TEXT,
        "object": either("crypto.onramp.quotes"),
        "livemode": {"type": "boolean"},
        "rate_fetched_at": {"type": "number"},
        "source_amount": DECIMAL,
        "source_currency": TEXT,
        "destination_network_quotes": {
            "type": "object",
            "additionalProperties": rows(
                record(
                    {
                        "id": TEXT,
                        "destination_amount": DECIMAL,
                        "destination_currency": TEXT,
                        "destination_network": TEXT,
                        "fees": _STRIPE_FEES,
                        "source_total_amount": DECIMAL,
                    }
                )
            ),
        },
    }
)
_DETAILS: Final = record(
    {
        "destination_amount": DECIMAL,
        "destination_currencies": rows(TEXT),
        "destination_currency": TEXT,
        "destination_network": TEXT,
        "destination_networks": rows(TEXT),
        "fees": _STRIPE_FEES,
        "lock_wallet_address": {"type": "boolean"},
        "settlement_speed": either("instant", "standard"),
        "source_amount": DECIMAL,
        "source_currency": TEXT,
        "transaction_id": MAYBE_TEXT,
        "wallet_address": MAYBE_TEXT,
        "wallet_addresses": {"type": "object", "additionalProperties": MAYBE_TEXT},
    }
)
STRIPE_SESSION: Final = record(
    {
        "id": {"type": "string", "pattern": "^cos_"},
        "object": either("crypto.onramp_session"),
        "client_secret": TEXT,
        "created": {"type": "integer"},
        "kyc_details_provided": {"type": "boolean"},
        "livemode": {"type": "boolean"},
        "metadata": {"type": "object", "additionalProperties": TEXT},
        "redirect_url": URL,
        "status": either(
            "initialized",
            "rejected",
            "requires_payment",
            "fulfillment_processing",
            "fulfillment_complete",
        ),
        "transaction_details": _DETAILS,
    }
)
STRIPE_LIST: Final = record(
    {
        "object": either("list"),
        "url": TEXT,
        "has_more": {"type": "boolean"},
        "data": rows(STRIPE_SESSION),
    }
)
STRIPE_EVENT: Final = record(
    {
        "id": {"type": "string", "pattern": "^evt_"},
        "object": either("event"),
        "api_version": MAYBE_TEXT,
        "created": {"type": "integer"},
        "data": record({"object": STRIPE_SESSION}),
        "livemode": {"type": "boolean"},
        "pending_webhooks": {"type": "integer"},
        "request": record({"id": MAYBE_TEXT, "idempotency_key": MAYBE_TEXT}),
        "type": either("crypto.onramp_session.updated"),
    }
)
STRIPE_ERROR: Final = record(
    {"error": record({"type": TEXT, "message": TEXT}, {"code": TEXT, "param": TEXT})}
)
