"""The AsyncAPI 3.0 document of the published events, generated from their types."""

import json
from typing import Final, cast

import msgspec

from domain.contracts.choice_events import ChoiceOption
from domain.contracts.deposit_events import PaymentOffer, RejectedOffer
from domain.contracts.envelope import EventPayload
from domain.contracts.event_types import EVENT_TYPES
from domain.contracts.events import NetworkCost, Recipient, SignatureWanted
from domain.contracts.transfer_events import TransferWanted
from domain.shared.assets import ASSETS
from domain.shared.money import TransactionFee
from infrastructure.messaging.channels import OPERATIONS, WALLET_CHANNELS, channel_name
from infrastructure.messaging.codec import CloudEvent, Heartbeat, Message
from infrastructure.messaging.projections import (
    AMOUNTS,
    HIDDEN_FROM_OWNER,
    SHOWN_TO_COUNTERPARTY,
    Amount,
    Json,
)

Schema = dict[str, Json]

_REFERENCE: Final = "#/components/schemas/{name}"
_NESTED: Final[tuple[type, ...]] = (
    NetworkCost,
    Recipient,
    SignatureWanted,
    TransferWanted,
    TransactionFee,
    PaymentOffer,
    RejectedOffer,
    ChoiceOption,
)


def render() -> str:
    """The document, always the same for the same event types."""
    return json.dumps(_document(), indent=2, sort_keys=True) + "\n"


def _document() -> Schema:
    messages: Schema = {name: _message(name, payload) for name, payload in EVENT_TYPES.items()}
    references: Schema = {name: {"$ref": f"#/components/messages/{name}"} for name in messages}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "diBoaS events",
            "version": "1.0.0",
            "description": (
                "CloudEvents 1.0 in structured JSON. Amounts are decimal strings with all digits "
                "of their asset. Events of one stream come in the order of `sequence`, which has "
                "no gaps; an event may come more than once, with the same `id`."
            ),
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": {
            "wallets": _wallets(references),
            "operations": {
                "address": channel_name(OPERATIONS),
                "description": "All events, as operators see them.",
                "messages": references,
            },
        },
        "operations": {
            "followWallet": {"action": "send", "channel": {"$ref": "#/channels/wallets"}},
            "followOperations": {"action": "send", "channel": {"$ref": "#/channels/operations"}},
        },
        "components": {"messages": messages, "schemas": _schemas()},
    }


def _wallets(references: Schema) -> Schema:
    return {
        "address": channel_name(0).removesuffix("0") + "{channel}",
        "description": (
            "A wallet's events, in projections for its owner and its counterparties, in a frame "
            "with a dense offset. The channel is the wallet's identifier modulo the number of "
            "channels. A heartbeat carries the last offset each second."
        ),
        "parameters": {"channel": {"enum": [str(number) for number in range(WALLET_CHANNELS)]}},
        "messages": references,
    }


def _message(name: str, payload: type[EventPayload]) -> Schema:
    return {
        "name": name,
        "title": name,
        "summary": " ".join((payload.__doc__ or name).split()),
        "contentType": "application/cloudevents+json",
        "payload": {
            "allOf": [
                {"$ref": _REFERENCE.format(name="CloudEvent")},
                {
                    "type": "object",
                    "properties": {
                        "type": {"const": name},
                        "kind": {"const": payload.kind_name()},
                        "data": {"$ref": _REFERENCE.format(name=name)},
                    },
                },
            ]
        },
    }


def _schemas() -> Schema:
    types: tuple[type, ...] = (*EVENT_TYPES.values(), *_NESTED, CloudEvent, Heartbeat, Message)
    _, found = msgspec.json.schema_components(types, ref_template=_REFERENCE)
    schemas = cast("dict[str, Schema]", found)
    for payload in (*EVENT_TYPES.values(), *_NESTED):
        _publish(payload, schemas[payload.__name__])
    return cast("Schema", schemas)


def _publish(payload: type, schema: Schema) -> None:
    """Turns the schema of the dataclass into that of what is published of it."""
    properties = cast("Schema", schema.get("properties", {}))
    amounts = AMOUNTS.get(payload, {})
    hidden = HIDDEN_FROM_OWNER.get(payload, frozenset())
    shown = SHOWN_TO_COUNTERPARTY.get(payload, frozenset())
    published: Schema = {}
    for field, described in properties.items():
        amount = amounts.get(field)
        name = field if amount is None else amount.name or field
        entry = dict(cast("Schema", described)) if amount is None else _decimal(amount, described)
        if field in hidden:
            entry["x-audiences"] = ["OPERATOR"]
        elif field in shown:
            entry["x-audiences"] = ["COUNTERPARTY", "OPERATOR", "OWNER"]
        published[name] = entry
    schema["properties"] = published
    schema["required"] = _required(schema, amounts, hidden)


def _required(schema: Schema, amounts: object, hidden: frozenset[str]) -> Json:
    required = cast("list[str]", schema.get("required", []))
    names = cast("dict[str, Amount]", amounts)
    return [
        (names[field].name or field) if field in names else field
        for field in required
        if field not in hidden
    ]


def _decimal(amount: Amount, described: Json) -> Schema:
    text: Schema = {"type": "string", "format": "decimal"}
    if amount.asset is not None:
        digits = ASSETS[amount.asset].decimals
        text |= {"pattern": rf"^-?\d+\.\d{{{digits}}}$", "x-asset": amount.asset}
    optional = isinstance(described, dict) and "anyOf" in described
    return {"anyOf": [text, {"type": "null"}]} if optional else text
