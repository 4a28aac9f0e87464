"""`docs/asyncapi.json`: the published events, from their types."""

from infrastructure.messaging.asyncapi import render


def document() -> str:
    """The whole file."""
    return render()
