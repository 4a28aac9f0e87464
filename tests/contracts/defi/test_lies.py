"""Answers that are about something else than what was asked: taken from the sandbox, changed in one
place, and given to the adapter. None of them may be signed or believed."""

import base64
import logging
import struct
from typing import NamedTuple

import pytest

from domain.provider.ports.answers import Declined, NotAttempted, Setback
from domain.provider.ports.defi import Position
from domain.provider.ports.unsigned import AccountUse, SolanaInstruction, SolanaInstructions
from infrastructure.chains.solana.addresses import (
    ASSOCIATED_TOKEN_PROGRAM,
    SYSTEM_PROGRAM,
    TOKEN_PROGRAM,
)
from infrastructure.providers.solana_review import Payment, reviewed
from infrastructure.providers.unsigned import Unacceptable
from tests.contracts.defi.cases import LENDING_TOKEN, VAULTS, DefiWorld, composed, listed
from tests.contracts.defi.journeys import AMOUNT, Change, passing, put

STRANGER = "5ZWj7a1f8tWkjBESHKgrLmXshuXxqeY9SYcfbshpAqPG"
PLAIN = {"kamino": VAULTS["steady"], "jupiter_lend": LENDING_TOKEN}


async def ask(
    world: DefiWorld, name: str, operation: str, at: str, change: Change
) -> SolanaInstructions | Position | Setback | None:
    both = {"owner": world.owner, "fee_payer": world.payer}
    honest = world.adapter(name)
    world.land(composed(await honest.deploy_strategy(PLAIN[name], amount=AMOUNT, **both)))
    async with passing(world, at=at, change=change) as (client, _exchanges):
        adapter = world.adapter(name, client=client)
        if operation == "status":
            return await adapter.get_strategy_status(PLAIN[name], owner=world.owner)
        if operation == "deposit":
            return await adapter.deploy_strategy(PLAIN[name], amount=AMOUNT, **both)
        return await adapter.withdraw_from_strategy(PLAIN[name], shares=AMOUNT, **both)


class Lie(NamedTuple):
    """At the end of the path `at`, the member `path` is `value`."""

    name: str
    operation: str
    at: str
    path: str
    value: object


async def told(world: DefiWorld, lie: Lie) -> SolanaInstructions | Position | Setback | None:
    return await ask(world, lie.name, lie.operation, lie.at, put(lie.path, lie.value))


KAMINO = "kamino/ktx/kvault/deposit-instructions"
LEND = "deposit-instructions"
SIGNING = {"address": STRANGER, "role": "WRITABLE_SIGNER"}


@pytest.mark.parametrize(
    "lie",
    [
        Lie("kamino", "deposit", KAMINO, "instructions", []),
        Lie("kamino", "deposit", KAMINO, "instructions.2.accounts.3", SIGNING),
        Lie("kamino", "deposit", KAMINO, "instructions.2.accounts.0.role", "READONLY_BOSS"),
        Lie("kamino", "deposit", KAMINO, "instructions.2.accounts.0.address", "0x12"),
        Lie("kamino", "deposit", KAMINO, "instructions.2.accounts.3.signer.address", STRANGER),
        Lie("kamino", "deposit", KAMINO, "instructions.2.data", "not base64!"),
        Lie("kamino", "deposit", KAMINO, "instructions.2.data", None),
        Lie("kamino", "deposit", KAMINO, "instructions.2.programAddress", "x"),
        Lie("kamino", "deposit", KAMINO, "instructions.2.programAddress", str(SYSTEM_PROGRAM)),
        Lie("kamino", "deposit", KAMINO, "lutsByAddress", {"x": []}),
        Lie("kamino", "deposit", PLAIN["kamino"], "address", VAULTS["locked"]),
        Lie("kamino", "withdraw", PLAIN["kamino"], "address", VAULTS["locked"]),
        Lie("kamino", "status", f"positions/{PLAIN['kamino']}", "vaultAddress", VAULTS["locked"]),
        Lie("kamino", "status", f"positions/{PLAIN['kamino']}", "totalShares", "1"),
        Lie("kamino", "status", f"positions/{PLAIN['kamino']}", "stakedShares", "0.000001"),
        Lie("jupiter_lend", "deposit", LEND, "accounts", []),
        Lie("jupiter_lend", "deposit", LEND, "accounts.0.isSigner", value=True),
        Lie("jupiter_lend", "deposit", LEND, "accounts.0.pubkey", "x"),
        Lie("jupiter_lend", "deposit", LEND, "data", "not base64!"),
        Lie("jupiter_lend", "deposit", LEND, "data", base64.b64encode(b"\xff\x04\x0a").decode()),
        Lie("jupiter_lend", "status", "positions", "0.underlyingAssets", "210000000"),
        Lie("jupiter_lend", "status", "positions", "0.token.totalSupply", "1"),
    ],
)
async def test_something_else_than_was_asked_is_declined(world: DefiWorld, lie: Lie) -> None:
    answer = await told(world, lie)

    assert isinstance(answer, Declined), answer
    assert answer.code == "PRV_RESPONSE_INVALID"


@pytest.mark.parametrize(
    "lie",
    [
        Lie("kamino", "status", f"positions/{PLAIN['kamino']}", "totalShares", 200.5),
        Lie("kamino", "status", f"positions/{PLAIN['kamino']}", "totalShares", "-1"),
        Lie("kamino", "status", "metrics", "tokensPerShare", "NaN"),
        Lie("kamino", "deposit", PLAIN["kamino"], "state.minDepositAmount", "much"),
        Lie("kamino", "deposit", KAMINO, "instructions", None),
        Lie("jupiter_lend", "status", "positions", "0.shares", "1.5"),
        Lie("jupiter_lend", "status", "tokens", "0.totalAssets", "-5"),
        Lie("jupiter_lend", "deposit", LEND, "data", None),
    ],
)
async def test_what_cannot_be_read_was_not_attempted(world: DefiWorld, lie: Lie) -> None:
    assert isinstance(await told(world, lie), NotAttempted)


@pytest.mark.parametrize("path", ["0.ownerAddress", "0.token.address"])
async def test_positions_of_others_are_nobodys_here(world: DefiWorld, path: str) -> None:
    lie = Lie("jupiter_lend", "status", "positions", path, STRANGER)

    assert await told(world, lie) is None


async def test_two_positions_in_one_token_are_declined(world: DefiWorld) -> None:
    def twice(body: object) -> None:
        assert isinstance(body, list)
        body += body

    answer = await ask(world, "jupiter_lend", "status", "positions", twice)

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_RESPONSE_INVALID"


async def test_a_position_without_totals_is_believed(world: DefiWorld) -> None:
    """As in Jupiter's own example."""
    lie = Lie("jupiter_lend", "status", "positions", "0.token", {"address": LENDING_TOKEN})

    answer = await told(world, lie)

    assert isinstance(answer, Position)
    assert answer.value == AMOUNT


async def test_more_than_all_of_it_cannot_be_taken_out(world: DefiWorld) -> None:
    change = put("0.liquiditySupplyData.withdrawable", "9" * 20)

    async with passing(world, at="tokens", change=change) as (client, _exchanges):
        offers = listed(await world.jupiter_lend(client=client).offers())

    assert offers[0].liquidity == offers[0].total_value


@pytest.mark.parametrize("rate", ["0.06", "-1", "4.85%", "", "99999999"])
async def test_a_rate_in_another_unit_is_none(
    world: DefiWorld, rate: str, caplog: pytest.LogCaptureFixture
) -> None:
    change = put("0.totalRate", rate)

    with caplog.at_level(logging.WARNING):
        async with passing(world, at="tokens", change=change) as (client, _exchanges):
            offers = listed(await world.jupiter_lend(client=client).offers())

    assert offers[0].apy is None
    assert repr(rate) in caplog.text


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("state.tokenMint", STRANGER),
        ("state.tokenMintDecimals", 9),
    ],
)
async def test_a_vault_for_something_else_is_not_offered(
    world: DefiWorld, path: str, value: object
) -> None:
    async with passing(world, at="vaults", change=put(f"0.{path}", value)) as (client, _exchanges):
        offers = listed(await world.kamino(client=client).offers())
    answer = await ask(world, "kamino", "deposit", PLAIN["kamino"], put(path, value))

    assert len(offers) == 2
    assert isinstance(answer, Declined)
    assert answer.code == "PRV_UNSUPPORTED"


# ------------------------------------------------------------------ what is signed

OWNER, ACCOUNT, PAYER = STRANGER, VAULTS["steady"], VAULTS["locked"]
PAYMENT = Payment(owner=OWNER, account=ACCOUNT, amount=10)
TRANSFER = struct.pack("<BQB", 12, 10, 6)


def step(data: bytes, *accounts: str, program: str = str(TOKEN_PROGRAM)) -> SolanaInstruction:
    uses = [AccountUse(address=one, is_signer=False, is_writable=True) for one in accounts]
    signer = AccountUse(address=OWNER, is_signer=True, is_writable=False)
    return SolanaInstruction(program=program, accounts=(*uses, signer), data=data)


def batch(*steps: SolanaInstruction) -> SolanaInstruction:
    data = b"".join(bytes([len(one.accounts), len(one.data)]) + one.data for one in steps)
    accounts = tuple(use for one in steps for use in one.accounts)
    return SolanaInstruction(program=str(TOKEN_PROGRAM), accounts=accounts, data=b"\xff" + data)


PAID = step(TRANSFER, ACCOUNT, VAULTS["exit-fee"], LENDING_TOKEN)


@pytest.mark.parametrize(
    "steps",
    [
        [step(struct.pack("<BQ", 3, 9), ACCOUNT, LENDING_TOKEN)],
        [PAID, PAID],
        [batch(PAID, PAID)],
        [PAID, step(struct.pack("<BQ", 8, 1), ACCOUNT, LENDING_TOKEN)],
        [PAID, step(struct.pack("<BQ", 4, 1), ACCOUNT, LENDING_TOKEN)],
        [PAID, step(struct.pack("<BQB", 13, 1, 6), ACCOUNT, LENDING_TOKEN, PAYER)],
        [PAID, step(b"\x06\x02\x00", ACCOUNT)],
        [PAID, batch(step(b"\x06\x02\x00", ACCOUNT))],
        [PAID, step(b"\x09", ACCOUNT, PAYER)],
        [PAID, step(b"\x09", LENDING_TOKEN, OWNER)],
        [PAID, step(b"\x09")],
        [PAID, step(b"", ACCOUNT)],
        [batch(batch(PAID))],
        [PAID, step(b"\x02" + bytes(11), PAYER, program=str(SYSTEM_PROGRAM))],
        [PAID] * 17,
        [],
    ],
)
def test_what_gives_away_more_is_not_signed(steps: list[SolanaInstruction]) -> None:
    with pytest.raises(Unacceptable):
        reviewed(steps, PAYMENT, fee_payer=PAYER)


@pytest.mark.parametrize(
    "steps",
    [
        [PAID],
        [batch(PAID)],
        [PAID, step(b"\x09", ACCOUNT, OWNER)],
        [step(struct.pack("<BQB", 15, 10, 6), ACCOUNT, LENDING_TOKEN)],
        [step(b"the protocol's own", ACCOUNT, program=VAULTS["exit-fee"])],
        # What comes in, and what is other than the asset paid.
        [PAID, step(struct.pack("<BQB", 12, 99, 6), LENDING_TOKEN, PAYER, ACCOUNT)],
    ],
)
def test_what_was_asked_is_signed(steps: list[SolanaInstruction]) -> None:
    assert reviewed(steps, PAYMENT, fee_payer=PAYER) == tuple(steps)


def test_the_fee_payer_pays_for_token_accounts() -> None:
    payer = AccountUse(address=OWNER, is_signer=True, is_writable=True)
    made = SolanaInstruction(
        program=str(ASSOCIATED_TOKEN_PROGRAM), accounts=(payer, payer), data=b"\x01"
    )

    sponsored, paid = reviewed([made, PAID], PAYMENT, fee_payer=PAYER)

    assert [use.address for use in sponsored.accounts] == [PAYER, OWNER]
    assert paid == PAID
