"""Whether what was prepared was sent by its signer, on any chain."""

from collections.abc import Awaitable, Callable

from domain.provider.ports.answers import NotAttempted, Setback
from domain.provider.ports.chain import (
    ChainGateway,
    Likeness,
    Presence,
    Sighting,
    TransferPrepared,
)
from infrastructure.chains.nodes import ON_ITS_WAY


async def sent(
    gateway: ChainGateway,
    prepared: TransferPrepared,
    name: str,
    *,
    is_free: Callable[[], Awaitable[bool | Setback]],
) -> str | Setback | None:
    """By its `name`, and by whether what it spends `is_free` still."""
    seen = await gateway.sighting(name, inputs=prepared.inputs)
    if not isinstance(seen, Sighting):
        return seen
    if seen.presence is Presence.SUPERSEDED:
        return await _replaced(gateway, prepared, name, seen.rival)
    if seen.presence is not Presence.UNKNOWN:
        return name
    free = await is_free()
    if free is True:
        return None
    return free or NotAttempted(reason=ON_ITS_WAY)


async def _replaced(
    gateway: ChainGateway, prepared: TransferPrepared, name: str, rival: str | None
) -> str | Setback | None:
    """What came in its place, unless it has nothing to do with it, is looked at as for what was
    handed in."""
    if rival is None:
        return name
    alike = await gateway.likeness(prepared, rival)
    if isinstance(alike, Likeness):
        return None if alike is Likeness.OTHER else name
    return alike
