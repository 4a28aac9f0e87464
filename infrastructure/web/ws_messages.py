"""The messages of graphql-transport-ws that a client may send, and the codes that end a socket."""

from dataclasses import dataclass
from enum import IntEnum

from infrastructure.web.operation import (
    InvalidRequestError,
    OperationRequest,
    decode,
    read_request,
)

ID_LENGTH_MAX = 128
REASON_BYTES_MAX = 123  # the protocol's bound of a close frame's text


class CloseCode(IntEnum):
    TOO_BIG = 1009
    TOO_SLOW = 1013
    BAD_REQUEST = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    SUBPROTOCOL = 4406
    INITIALISE_TIMEOUT = 4408
    DUPLICATE_ID = 4409
    TOO_MANY_INITIALISATIONS = 4429
    INTERNAL = 4500


class SocketClosingError(Exception):
    """The socket must be closed; the reason may be shown."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason.encode()[:REASON_BYTES_MAX].decode(errors="ignore")


@dataclass(frozen=True, slots=True)
class Initialise:
    payload: dict[str, object]


@dataclass(frozen=True, slots=True)
class Ping:
    pass


@dataclass(frozen=True, slots=True)
class Pong:
    pass


@dataclass(frozen=True, slots=True)
class Subscribe:
    id: str
    request: OperationRequest


@dataclass(frozen=True, slots=True)
class Complete:
    id: str


ClientMessage = Initialise | Ping | Pong | Subscribe | Complete


def parse_message(text: str) -> ClientMessage:
    """Anything but a well-formed message raises SocketClosingError with 4400."""
    try:
        return _message(decode(text))
    except InvalidRequestError as error:
        raise SocketClosingError(CloseCode.BAD_REQUEST, str(error)) from error


def _message(message: object) -> ClientMessage:
    if not isinstance(message, dict):
        raise InvalidRequestError("A message must be a JSON object.")
    match message.get("type"):
        case "connection_init":
            return Initialise(_payload(message))
        case "ping":
            _payload(message)
            return Ping()
        case "pong":
            _payload(message)
            return Pong()
        case "subscribe":
            return Subscribe(_id(message), read_request(message.get("payload")))
        case "complete":
            return Complete(_id(message))
        case _:
            raise InvalidRequestError("The message's type is unknown.")


def _payload(message: dict[str, object]) -> dict[str, object]:
    payload = message.get("payload")
    if payload is None:
        return {}
    if not isinstance(payload, dict):
        raise InvalidRequestError("The payload must be an object or null.")
    return payload


def _id(message: dict[str, object]) -> str:
    identifier = message.get("id")
    if not isinstance(identifier, str) or not 0 < len(identifier) <= ID_LENGTH_MAX:
        raise InvalidRequestError(f"The id must be a string of 1 to {ID_LENGTH_MAX} characters.")
    return identifier
