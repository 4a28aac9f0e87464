"""What the demo device signs, each chain's gateway takes; what its user did not want, it refuses."""

import base64
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path

import pytest
from eth_account import Account as EthereumAccounts
from solders.keypair import Keypair

from domain.provider.ports.chain import SignatureRefused
from domain.shared.assets import BTC, ETH, PAXG, Asset, Chain
from infrastructure.chains.ethereum.signing import Draft
from infrastructure.chains.solana.keys import save_keypair
from infrastructure.demo.device import Device, WillNotSign
from infrastructure.demo.users import addresses_of
from tests.contracts.chains.stages import Stage, bitcoin_stage, ethereum_stage, got, sui_stage

OPENED: dict[str, Callable[[], AbstractAsyncContextManager[Stage]]] = {
    "bitcoin": bitcoin_stage,
    "ether": ethereum_stage,
    "token": lambda: ethereum_stage(PAXG),
    "sui": sui_stage,
}


class DemoAccount:
    """A demo user's device as the account of a stage."""

    def __init__(self, folder: Path, asset: Asset) -> None:
        keypair_file = folder / "alice.json"
        self.address = addresses_of(keypair_file)[asset.chain]
        self.device = Device.load(keypair_file)
        self.asset = asset
        self.allowed = 0

    def sign(self, payload: bytes) -> bytes:
        signed = self.device.sign(
            base64.b64encode(payload).decode(), spends_at_most=self.allowed, asset=self.asset
        )
        return base64.b64decode(signed)


@pytest.mark.parametrize("name", OPENED)
async def test_a_gateway_takes_what_it_signs_up_to_what_its_user_said(
    name: str, tmp_path: Path
) -> None:
    async with OPENED[name]() as opened:
        account = DemoAccount(tmp_path, opened.asset)
        stage: Stage = replace(opened, account=lambda: account)
        await stage.funded()
        recipient = opened.account().address
        prepared = await stage.prepared(account, recipient)

        account.allowed = stage.amount - 1
        with pytest.raises(WillNotSign, match=f"would move {stage.amount} base units"):
            account.sign(prepared.payload)
        account.allowed = stage.amount
        signed = stage.accept(prepared, account)

        got(await stage.gateway.broadcast(signed))
        await stage.simulator.mine(stage.final_blocks)
        moved = got(await stage.gateway.movements(signed.transaction_hash))
        assert (recipient, stage.amount) in [(one.address, one.amount) for one in moved]


@pytest.mark.parametrize("name", OPENED)
async def test_another_users_device_refuses_or_is_refused(name: str, tmp_path: Path) -> None:
    async with OPENED[name]() as opened:
        owner, stranger = (DemoAccount(tmp_path / one, opened.asset) for one in ("a", "b"))
        stage: Stage = replace(opened, account=lambda: owner)
        await stage.funded()
        prepared = await stage.prepared(owner, stage.account().address)
        stranger.allowed = stage.plenty

        # An Ethereum transaction names no sender: there the gateway tells.
        with pytest.raises((WillNotSign, SignatureRefused)):
            stage.gateway.accept_signature(
                prepared, stranger.sign(prepared.payload), signer=owner.address
            )


@pytest.mark.parametrize(("asset", "kind"), [(BTC, "Bitcoin"), (ETH, "Ethereum")])
def test_it_refuses_what_is_no_transaction(asset: Asset, kind: str, tmp_path: Path) -> None:
    device = DemoAccount(tmp_path, asset).device

    for text in ("", "not base64!", base64.b64encode(b"\x02" * 99).decode()):
        with pytest.raises(WillNotSign, match=f"no {kind} transaction"):
            device.sign(text, spends_at_most=1, asset=asset)


def test_it_refuses_a_token_that_its_user_did_not_name(tmp_path: Path) -> None:
    account = DemoAccount(tmp_path, ETH)
    draft = Draft(
        chain_id=1,
        nonce=0,
        priority_fee=1,
        max_fee=10,
        gas_limit=21_000,
        to=PAXG.contract or "",
        value=0,
        data=b"",
    )

    with pytest.raises(WillNotSign, match="did not name"):
        account.sign(draft.prepared(account.address).payload)


def test_it_refuses_to_burn_its_users_money_as_gas(tmp_path: Path) -> None:
    account = DemoAccount(tmp_path, ETH)
    stranger = str(EthereumAccounts.create().address)
    draft = Draft(
        chain_id=1,
        nonce=0,
        priority_fee=1,
        max_fee=10**13,
        gas_limit=21_000,
        to=stranger,
        value=0,
        data=b"",
    )

    with pytest.raises(WillNotSign, match="the network would take"):
        account.sign(draft.prepared(account.address).payload)


def test_a_device_without_files_has_the_key_of_solana_alone(tmp_path: Path) -> None:
    save_keypair(tmp_path / "one.json", Keypair())

    with pytest.raises(WillNotSign, match=f"no key for {Chain.SUI}"):
        Device(Keypair()).sign("", spends_at_most=0, asset=replace(BTC, chain=Chain.SUI))
