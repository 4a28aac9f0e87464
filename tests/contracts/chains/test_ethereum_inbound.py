"""ETH that contracts pass on: it leaves no log, and shows in a block's access list alone."""

from dataclasses import dataclass

from domain.provider.ports.unsigned import EthereumCall
from infrastructure.chains.ethereum.addresses import to_bytes
from infrastructure.chains.ethereum.gateway import EthereumGateway
from infrastructure.http import HttpClient, HttpResponse
from infrastructure.sandbox.ethereum.contracts import PASSES_ON
from tests.contracts.chains.stages import ETHEREUM_URL, SimulatedNode, Stage, got


@dataclass(slots=True)
class WithoutAccess(HttpClient):
    """A node that does not know the method."""

    inner: HttpClient

    async def request(
        self, method: str, url: str, *, content: bytes | None = None, **more: object
    ) -> HttpResponse:
        other = (content or b"").replace(b"eth_getBlockAccessList", b"eth_nothing")
        return await self.inner.request(method, url, content=other, **more)  # type: ignore[arg-type]  # handed on


async def passed_on(stage: Stage, address: str, amount: int) -> str:
    """ETH that a contract sends an address: no log tells of it."""
    assert isinstance(stage.simulator, SimulatedNode)
    told = await stage.simulator.order("pass_on", address=address, amount=str(amount))
    return str(told["hash"])


async def test_eth_that_a_contract_passes_on_is_found(ethereum: Stage) -> None:
    gateway, address = ethereum.gateway, ethereum.account().address
    other = ethereum.account().address
    before = got(await gateway.final_height())
    names = [await passed_on(ethereum, address, amount) for amount in (10**15, 3 * 10**15)]
    await passed_on(ethereum, other, 10**16)
    await ethereum.simulator.mine(ethereum.final_blocks)

    last = got(await gateway.final_height())
    found = got(await gateway.credits([address], after=before, up_to=last))

    assert [(one.transaction_hash, one.amount) for one in found] == [
        (names[0], 10**15),
        (names[1], 3 * 10**15),
    ]
    assert {(one.index, one.asset, one.address) for one in found} == {(0, "ETH", address)}
    assert all(len(one.senders) == 1 for one in found)
    for name, credit in zip(names, found, strict=True):
        assert got(await gateway.received(name, [address])) == (credit,)


async def test_who_pays_for_it_themselves_is_credited_without_the_fee(ethereum: Stage) -> None:
    wallet = await ethereum.funded()
    call = EthereumCall(to=PASSES_ON, data=to_bytes(wallet.address), value=10**15)
    prepared = got(await ethereum.gateway.prepare_call(wallet.address, call))
    signed = ethereum.accept(prepared, wallet)
    got(await ethereum.gateway.broadcast(signed))
    await ethereum.simulator.mine(1)

    assert got(await ethereum.gateway.received(signed.transaction_hash, [wallet.address])) == ()


async def test_what_a_node_has_forgotten_it_does_not_make_up(ethereum: Stage) -> None:
    address = ethereum.account().address
    name = await passed_on(ethereum, address, 10**15)
    await ethereum.simulator.mine(10_000)
    await ethereum.simulator.mine(10)

    assert got(await ethereum.gateway.received(name, [address])) == ()


async def test_a_node_without_access_lists_tells_of_plain_transfers(ethereum: Stage) -> None:
    assert ethereum.world is not None
    recipient = ethereum.account().address
    before = got(await ethereum.gateway.final_height())
    signed = await ethereum.signed(await ethereum.funded(), recipient)
    got(await ethereum.gateway.broadcast(signed))
    await passed_on(ethereum, recipient, 10**15)
    await ethereum.simulator.mine(ethereum.final_blocks)
    gateway = EthereumGateway(client=WithoutAccess(ethereum.world.client), urls=(ETHEREUM_URL,))

    last = got(await gateway.final_height())
    found = got(await gateway.credits([recipient], after=before, up_to=last))

    assert [one.transaction_hash for one in found] == [signed.transaction_hash]
