"""The world beyond the platform at its tests' pace: blocks come, and bridges deliver, when it is
said. Nothing is waited for, and no clock is moved on, so that prices stay as fresh as they are."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import httpx

from domain.provider.ports.chain import ChainGateway
from domain.shared.assets import ASSETS, Asset, Chain
from infrastructure.chains.bitcoin.gateway import BitcoinGateway
from infrastructure.chains.ethereum.gateway import EthereumGateway
from infrastructure.chains.sui.gateway import SuiGateway
from infrastructure.db.invariants import check
from infrastructure.db.pool import Connection
from infrastructure.demo.device import Device
from infrastructure.demo.users import addresses_of
from infrastructure.http import HttpClient
from resolvers.ids import Kind, decode
from tests.integration.api.client import TERMINAL, Json, Person, owner_of

SHOWN: Final = """query ($id: ID!) { transaction(id: $id) {
  id type state reason receivedAmount provider fundsLocation waitingOn chain chainSignature
  fees { kind amount asset provider } timeline { eventType state subState }
  userActions { id status type payload summary chain format } } }"""
MINED: Final = (
    ("ethereum/_simulate/mine", {"blocks": 70}),
    ("bitcoin/_simulate/mine", {"blocks": 7}),
    ("sui/_simulate/checkpoint", {"checkpoints": 4}),
)
GATEWAYS: Final[Mapping[Chain, Callable[..., ChainGateway]]] = {
    Chain.BITCOIN: BitcoinGateway,
    Chain.ETHEREUM: EthereumGateway,
    Chain.SUI: SuiGateway,
}
BRIDGES: Final = ("lifi", "debridge")
WAIT_SECONDS_MAX: Final = 40.0
_POLL_SECONDS: Final = 0.1
_REFERENCES: Final = """
    SELECT data->'signature'->>'reference' FROM outbox
    WHERE stream_id = $1 AND data->'signature'->>'reference' IS NOT NULL
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What others do while `person` waits."""

    person: Person
    connection: Connection

    async def order(self, path: str, body: object) -> httpx.Response:
        """What the simulator answers."""
        return await self.person.http.post(f"{self.person.ready.sandbox_url}/{path}", json=body)

    async def mine(self) -> None:
        """Enough blocks on each chain to make what is in its pool final."""
        for path, body in MINED:
            assert (await self.order(path, body)).status_code == 200

    async def bridge(self, identifier: str, outcome: str = "deliver") -> None:
        """How all orders of the transaction end; nothing for those of other bridges."""
        key = decode(Kind.TRANSACTION, identifier)
        for row in await self.connection.fetch(_REFERENCES, key):
            for name in BRIDGES:
                await self.order(f"{name}/_simulate/outcome", {"id": row[0], "outcome": outcome})

    async def shown(self, identifier: str) -> Json:
        return (await self.person.data(SHOWN, id=identifier))["transaction"]

    async def until(
        self, identifier: str, reached: Callable[[Json], bool], *, outcome: str = "deliver"
    ) -> Json:
        """The transaction when it is there, while the world goes on."""
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while True:
                found = await self.shown(identifier)
                if reached(found):
                    return found
                await self.mine()
                await self.bridge(identifier, outcome)
                await asyncio.sleep(_POLL_SECONDS)

    async def ended(self, identifier: str, *, outcome: str = "deliver") -> Json:
        """The transaction at its end."""
        return await self.until(
            identifier, lambda found: found["state"] in TERMINAL, outcome=outcome
        )

    async def asked_next(self, identifier: str, *, besides: str = "") -> Json | None:
        """What the user is to sign next; None: it has ended."""
        found = await self.until(
            identifier,
            lambda shown: shown["state"] in TERMINAL or _pending(shown, besides) is not None,
        )
        return _pending(found, besides)

    async def asked(self, identifier: str, *, besides: str = "") -> Json:
        """What the user is to sign next, of a transaction that goes on."""
        action = await self.asked_next(identifier, besides=besides)
        assert action is not None, await self.shown(identifier)
        return action

    async def violations(self) -> list[str]:
        """What breaks the invariants of the whole platform."""
        async with owner_of(self.person.ready) as connection:
            return [f"{found.invariant}: {found.detail}" for found in await check(connection)]

    async def on_chain(self, asset: Asset) -> Decimal:
        """What the asset's own chain says that the person has."""
        keypair_file = self.person.ready.user(self.person.name).keypair_file
        address = addresses_of(keypair_file)[asset.chain]
        async with HttpClient(timeout_seconds=WAIT_SECONDS_MAX) as client:
            url = f"{self.person.ready.sandbox_url}/{asset.chain.lower()}"
            found = await GATEWAYS[asset.chain](client=client, urls=(url,)).balance(address, asset)
        assert isinstance(found, int), found
        return Decimal(found).scaleb(-asset.decimals)

    def sign(self, action: Json, asset: str, spends: str) -> str:
        """What the user's device makes of it, if no more than that leaves."""
        units = int(Decimal(spends).scaleb(ASSETS[asset].decimals))
        device = Device.load(self.person.ready.user(self.person.name).keypair_file)
        return device.sign(action["payload"], spends_at_most=units, asset=ASSETS[asset])


def _pending(found: Json, besides: str) -> Json | None:
    for action in found["userActions"]:
        if action["status"] == "PENDING" and action["id"] != besides:
            return action
    return None
