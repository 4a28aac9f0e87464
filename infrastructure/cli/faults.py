"""`diboas sandbox fault`: a simulated provider misbehaves from now on, or no longer."""

import argparse
import asyncio
from typing import Final
from urllib.parse import urlencode

import msgspec

from infrastructure.http import HttpClient, HttpError
from infrastructure.settings import StartupError

_CLEAR: Final = "clear"
_OK: Final = 200


class _Ready(msgspec.Struct, frozen=True):
    """The part of the ready file that tells where the sandbox is."""

    sandbox_url: str


def set_fault(options: argparse.Namespace) -> int:
    """Sets the fault in the sandbox of a running `diboas up` and prints all that are set. Raises
    StartupError with what the sandbox says of an order that it does not take."""
    path = options.up_dir / "ready.json"
    try:
        ready = msgspec.json.decode(path.read_bytes(), type=_Ready)
    except (OSError, msgspec.MsgspecError):
        raise StartupError(f"there is no {path}: start `diboas up` first") from None
    try:
        print(asyncio.run(_told(ready.sandbox_url, options)))
    except HttpError as error:
        raise StartupError(f"the sandbox does not answer: {error}") from None
    return 0


async def _told(sandbox_url: str, options: argparse.Namespace) -> str:
    url = f"{sandbox_url}/control/faults"
    async with HttpClient() as client:
        if options.kind == _CLEAR:
            query = urlencode({"provider": options.provider})
            answer = await client.request("DELETE", f"{url}?{query}")
        else:
            answer = await client.request("POST", url, content=msgspec.json.encode(_order(options)))
    if answer.status != _OK:
        raise StartupError(f"the sandbox refuses: {answer.body.decode(errors='replace')}")
    return msgspec.json.format(answer.body).decode()


def _order(options: argparse.Namespace) -> dict[str, object]:
    given = {
        "kind": options.kind,
        "provider": options.provider,
        "operations": options.operation,
        "remaining": options.remaining,
        "latency_ms": options.latency_ms,
        "status": options.status,
        "hang_ms": options.hang_ms,
    }
    return {name: value for name, value in given.items() if value is not None}
