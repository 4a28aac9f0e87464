"""Which media type answers an Accept header."""

from typing import Final, Literal

GRAPHQL_RESPONSE: Final = "application/graphql-response+json"
JSON: Final = "application/json"
EVENT_STREAM: Final = "text/event-stream"

MediaType = Literal["application/graphql-response+json", "application/json", "text/event-stream"]
# JSON first: it answers `*/*` and wins between equals that name no type exactly.
OFFERED: tuple[MediaType, ...] = (JSON, GRAPHQL_RESPONSE, EVENT_STREAM)
WILDCARDS: dict[str, MediaType] = {
    "*/*": JSON,
    "application/*": JSON,
    "text/*": EVENT_STREAM,
}
RANGES_MAX = 32


def negotiate(accept: str | None) -> MediaType | None:
    """The best acceptable type: by quality, then exact before wildcard, then as listed.
    None if nothing that we offer is acceptable.
    """
    if accept is None or not accept.strip():
        return JSON
    candidates = [_candidate(text) for text in accept.split(",")[:RANGES_MAX]]
    ranked = sorted(
        (found for found in candidates if found is not None and found[0] > 0),
        key=lambda found: (-found[0], -found[1]),
    )
    return ranked[0][2] if ranked else None


def _candidate(text: str) -> tuple[float, bool, MediaType] | None:
    name, *parameters = (part.strip().lower() for part in text.split(";"))
    for offered in OFFERED:
        if name == offered:
            return _quality(parameters), True, offered
    wild = WILDCARDS.get(name)
    return None if wild is None else (_quality(parameters), False, wild)


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
