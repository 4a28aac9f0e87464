"""The bounds of what one client can make the endpoint hold or wait for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WebLimits:
    body_bytes_max: int = 262_144  # a signed transaction is 1.2 kB, in base64 1.7 kB
    url_length_max: int = 16_384
    body_timeout_seconds: float = 10.0
    message_length_max: int = 262_144  # of a WebSocket message, in characters
    subscriptions_per_socket_max: int = 50
    initialise_timeout_seconds: float = 10.0
    ping_interval_seconds: float = 15.0  # below the 30 to 60 s after which proxies cut idle ones
    send_timeout_seconds: float = 10.0  # a client that has not read for so long is dropped
    heartbeat_interval_seconds: float = 15.0  # of SSE
    close_timeout_seconds: float = 1.0
