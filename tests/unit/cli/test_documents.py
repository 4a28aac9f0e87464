"""What our own clients and the README ask is in the committed schema."""

import re
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

from bench import send_client, socket_client
from infrastructure.demo import documents

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = build_schema((ROOT / "schema" / "schema.graphql").read_text())
README = re.findall(r"```graphql\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
DOCUMENTS = [
    documents.INITIATE,
    documents.SUBMIT,
    documents.ACTIONS,
    documents.WALLET,
    documents.UPDATES,
    send_client._INITIATE,
    send_client._ACTIONS,
    send_client._SUBMIT,
    socket_client._UPDATES,
    *README,
]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_is_valid(document: str) -> None:
    assert not validate(SCHEMA, parse(document))


def test_the_readme_shows_a_query_a_mutation_and_a_subscription() -> None:
    assert {text.split()[0] for text in README} == {"query", "mutation", "subscription"}
