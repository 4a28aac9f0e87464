"""What the simulated Stripe remembers of a session, and the words in which it tells of it."""

from datetime import datetime
from typing import Final, Literal

import msgspec

from domain.shared.money import format_amount
from infrastructure.sandbox.stripe.pricing import LISTED, NETWORKS, Terms
from infrastructure.sandbox.wishes import FIAT_DECIMALS

Stage = Literal[
    "initialized", "requires_payment", "fulfillment_processing", "fulfillment_complete", "rejected"
]
OPEN: Final = frozenset({"initialized", "requires_payment"})
# Networks of which nothing is sold here, but which every session names.
_OTHER_NETWORKS: Final = ("avalanche", "base_network", "polygon", "stellar", "sui")


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """`status` stands for what the stage would say, where a test set one."""

    id: str
    client_secret: str
    token: str
    terms: Terms
    address: str
    locked: bool
    metadata: dict[str, str]
    created_at: datetime
    stage: Stage = "initialized"
    paid_at: datetime | None = None
    transaction_id: str | None = None
    status: str | None = None


def session_json(session: Session, public_url: str) -> dict[str, object]:
    terms = session.terms
    network = terms.destination_network
    addresses: dict[str, object] = dict.fromkeys((*NETWORKS, *_OTHER_NETWORKS))
    addresses |= {network: session.address, "destination_tags": None}
    return {
        "id": session.id,
        "object": "crypto.onramp_session",
        "client_secret": session.client_secret,
        "created": int(session.created_at.timestamp()),
        "kyc_details_provided": False,
        "livemode": False,
        "metadata": session.metadata,
        "redirect_url": f"{public_url}/stripe/pay/{session.token}",
        "status": session.status or session.stage,
        "transaction_details": {
            "destination_amount": destination_amount(terms),
            "destination_currencies": [terms.destination_currency],
            "destination_currency": terms.destination_currency,
            "destination_network": network,
            "destination_networks": [network],
            "fees": fees_json(terms),
            "lock_wallet_address": session.locked,
            "settlement_speed": "instant",
            "source_amount": fiat(terms.source),
            "source_currency": terms.source_currency,
            "transaction_id": session.transaction_id,
            "wallet_address": None if session.stage in OPEN else session.address,
            "wallet_addresses": addresses,
        },
    }


def quote_json(terms: Terms, identifier: str) -> dict[str, object]:
    return {
        "id": identifier,
        "destination_amount": destination_amount(terms),
        "destination_currency": terms.destination_currency,
        "destination_network": terms.destination_network,
        "fees": fees_json(terms),
        "source_total_amount": fiat(terms.total),
    }


def fees_json(terms: Terms) -> dict[str, str]:
    return {
        "network_fee_monetary": fiat(terms.network_fee),
        "transaction_fee_monetary": fiat(terms.transaction_fee),
    }


def fiat(cents: int) -> str:
    return format_amount(cents, FIAT_DECIMALS)


def destination_amount(terms: Terms) -> str:
    asset = LISTED[terms.destination_currency, terms.destination_network]
    return format_amount(terms.destination_amount, asset.decimals)
