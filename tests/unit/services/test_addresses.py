"""Addresses that money may be sent to."""

from typing import cast

import pytest
from solders.keypair import Keypair

from domain.shared.assets import Chain
from domain.shared.errors import Refused
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.http import HttpClient
from infrastructure.services.addresses import check_spendable

FEE_PAYER, TREASURY, SOMEBODY = (Keypair.from_seed(bytes([seed] * 32)) for seed in (1, 2, 3))


class NoAccounts:
    async def account(self, _address: object) -> None:
        return None


def gateway() -> SolanaGateway:
    made = SolanaGateway(
        client=cast("HttpClient", None),
        rpc_urls=("http://node",),
        fee_payer=FEE_PAYER,
        treasury_owner=TREASURY.pubkey(),
    )
    made.rpc = NoAccounts()  # type: ignore[assignment]  # a chain where nobody has anything
    return made


async def checked(address: str) -> None:
    await check_spendable(Chain.SOLANA, address, gateway=gateway(), field="input.address")


async def test_a_wallet_that_has_nothing_yet_may_be_sent_to() -> None:
    await checked(str(SOMEBODY.pubkey()))


@pytest.mark.parametrize("own", [FEE_PAYER, TREASURY])
async def test_what_is_sent_to_the_platform_could_not_be_told_from_fees(own: Keypair) -> None:
    with pytest.raises(Refused) as refused:
        await checked(str(own.pubkey()))

    assert (refused.value.code, refused.value.field) == ("TXN_ADDRESS_UNSUITABLE", "input.address")
