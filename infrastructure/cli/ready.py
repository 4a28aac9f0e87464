"""The ready file: where everything is, for scripts and for the demo."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from infrastructure.cli.entry_points import DemoUser
from infrastructure.settings import Settings

_ANY_HOST: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  named, not bound


def write_json(path: Path, content: object) -> None:
    """Write at once or not at all, readable by its owner alone: it carries tokens."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(content)) + b"\n")
    draft.replace(path)


def read_addresses(path: Path) -> dict[str, str]:
    """What a child wrote with `write_json`; empty while it has not."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except FileNotFoundError:
        return {}


def ready_content(
    settings: Settings, users: Sequence[DemoUser], extra: Mapping[str, str]
) -> dict[str, object]:
    host = _ANY_HOST.get(settings.host, settings.host)
    place = f"{f'[{host}]' if ':' in host else host}:{settings.port}/graphql"
    return {
        **extra,
        "graphql": f"http://{place}",
        "subscriptions": f"ws://{place}",
        "database_url": settings.database_url,
        "redis_url": settings.redis_url,
        "sandbox_url": settings.sandbox_url,
        "solana_rpc_url": next(iter(settings.solana_rpc_urls), ""),
        "users": [
            {
                "username": user.username,
                "token": user.token,
                "addresses": dict(user.addresses),
                "keypair_file": str(user.keypair_file),
            }
            for user in users
        ],
    }
