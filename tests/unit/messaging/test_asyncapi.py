import json

from domain.contracts.event_types import EVENT_TYPES
from infrastructure.messaging.asyncapi import render


def test_every_event_type_is_a_message_with_a_schema() -> None:
    document = json.loads(render())
    assert document["asyncapi"] == "3.0.0"
    assert set(document["components"]["messages"]) == set(EVENT_TYPES)
    assert set(EVENT_TYPES) <= set(document["components"]["schemas"])


def test_every_reference_leads_somewhere() -> None:
    document = json.loads(render())

    def references(node: object) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [found for value in node.values() for found in references(value)]
        if isinstance(node, list):
            return [found for value in node for found in references(value)]
        return []

    for reference in references(document):
        node = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]


def test_schemas_are_those_of_what_is_published() -> None:
    schemas = json.loads(render())["components"]["schemas"]
    booked = schemas["RecipientBalanceUpdated"]["properties"]
    assert booked["credited"]["pattern"] == r"^-?\d+\.\d{6}$"
    assert booked["recipient_wallet_id"]["x-audiences"] == ["OPERATOR"]
    assert "network_fee" in schemas["NetworkCost"]["properties"]
    assert "network_fee_lamports" not in schemas["NetworkCost"]["properties"]
