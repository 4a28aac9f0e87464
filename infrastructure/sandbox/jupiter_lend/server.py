"""mount(world, sender, chain=…): Jupiter Lend's Earn API below /jupiter_lend, with its own key.

/lend/v1/earn/tokens, /earn/positions                            what there is, and who has it
/lend/v1/earn/deposit-instructions, /earn/redeem-instructions    one instruction to sign
/_simulate/liquidity    POST {"liquidity": n}: what can be withdrawn; null: as usual
/_simulate/rate         POST {"rate_millionths": n}: what it earns a year from now on
"""

import base64
from collections.abc import Callable
from typing import Final

import msgspec
from solders.instruction import Instruction
from solders.pubkey import Pubkey
from starlette.requests import Request
from starlette.routing import BaseRoute, Mount

from infrastructure.chains.solana.addresses import USDC_MINT, parse_address
from infrastructure.sandbox.frame.server import (
    Answer,
    Operation,
    ProviderError,
    provider_routes,
    read_body,
)
from infrastructure.sandbox.frame.webhooks import WebhookSender
from infrastructure.sandbox.frame.world import World
from infrastructure.sandbox.jupiter_lend.answers import native_json, position_json, token_json
from infrastructure.sandbox.solana_chain import SolanaChain
from infrastructure.sandbox.token_program import batch
from infrastructure.sandbox.vaults.accrual import VaultTerms
from infrastructure.sandbox.vaults.treasury import Treasury
from infrastructure.sandbox.vaults.vault import Steps, Vault, VaultRefused

NAME: Final = "jupiter_lend"
USERS_AT_ONCE: Final = 50
TERMS: Final = VaultTerms(
    key="jlusdc",
    name="jupiter lend USDC",
    rate_millionths=48_500,
    minimum=1,
    others=300_000_000 * 10**6,
)
_AMOUNT_MAX: Final = 2**64 - 1


class AmountBody(msgspec.Struct, frozen=True):
    """Base units of the asset."""

    asset: str
    signer: str
    amount: str


class SharesBody(msgspec.Struct, frozen=True):
    """Base units of the lending token."""

    asset: str
    signer: str
    shares: str


class SimulatedLiquidity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    liquidity: int | None


class SimulatedRate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rate_millionths: int


def mount(world: World, sender: WebhookSender, *, chain: SolanaChain) -> list[BaseRoute]:
    """Jupiter Lend has no webhooks: `sender` stays unused."""
    del sender
    server = JupiterLendServer(world, chain)
    public = provider_routes(world, NAME, server.operations(), authorise=server.authorise)
    own = provider_routes(world, NAME, server.simulations(), authorise=_anybody)
    return [Mount(f"/{NAME}", routes=[*public, *own])]


class JupiterLendServer:
    """It lends USDC; another token is listed, as there are others in the real one."""

    def __init__(self, world: World, chain: SolanaChain) -> None:
        self._world = world
        self._vault = Vault(world, NAME, TERMS, Treasury(world, chain, NAME))
        self._key = world.credential(NAME, "api_key")

    def operations(self) -> list[Operation]:
        earn = "/lend/v1/earn"
        return [
            Operation(name="tokens", method="GET", path=f"{earn}/tokens", carry_out=self.tokens),
            Operation(
                name="positions", method="GET", path=f"{earn}/positions", carry_out=self.positions
            ),
            Operation(
                name="deposit",
                method="POST",
                path=f"{earn}/deposit-instructions",
                carry_out=self.deposit,
            ),
            Operation(
                name="withdraw",
                method="POST",
                path=f"{earn}/redeem-instructions",
                carry_out=self.redeem,
            ),
        ]

    def simulations(self) -> list[Operation]:
        return [
            Operation(
                name="simulate",
                method="POST",
                path="/_simulate/liquidity",
                carry_out=self.simulate_liquidity,
            ),
            Operation(
                name="simulate",
                method="POST",
                path="/_simulate/rate",
                carry_out=self.simulate_rate,
            ),
        ]

    def authorise(self, request: Request, _body: bytes) -> None:
        if request.headers.get("x-api-key") != self._key:
            raise ProviderError(401, {"code": 401, "message": "Unauthorized"})

    async def tokens(self, _request: Request) -> Answer:
        return Answer(body=[token_json(self._vault), native_json()])

    async def positions(self, request: Request) -> Answer:
        users = [user for user in request.query_params.get("users", "").split(",") if user]
        if not 0 < len(users) <= USERS_AT_ONCE:
            raise _refused("Invalid users")
        millionths = self._world.faults.millionths(NAME, "positions")
        owners = [_address(user) for user in users]
        return Answer(
            body=[
                position_json(self._vault, owner, value_millionths=millionths) for owner in owners
            ]
        )

    async def deposit(self, request: Request) -> Answer:
        asked = await read_body(request, AmountBody, wrong={"error": "Invalid request body"})
        owner, amount = self._known(asked.asset, asked.signer), _whole(asked.amount)
        return _instructed(lambda: self._vault.deposit(owner, amount))

    async def redeem(self, request: Request) -> Answer:
        asked = await read_body(request, SharesBody, wrong={"error": "Invalid request body"})
        owner, shares = self._known(asked.asset, asked.signer), _whole(asked.shares)
        return _instructed(lambda: self._vault.withdrawal(owner, shares))

    async def simulate_liquidity(self, request: Request) -> Answer:
        order = await read_body(request, SimulatedLiquidity, wrong={"error": "not understood"})
        self._vault.book.set_liquidity(order.liquidity)
        return Answer(body={"liquidity": order.liquidity})

    async def simulate_rate(self, request: Request) -> Answer:
        order = await read_body(request, SimulatedRate, wrong={"error": "not understood"})
        self._vault.book.set_rate(order.rate_millionths)
        return Answer(body={"rate_millionths": order.rate_millionths})

    def _known(self, asset: str, signer: str) -> Pubkey:
        if asset != str(USDC_MINT):
            raise _refused("Asset not supported")
        return _address(signer)


def _instructed(steps: Callable[[], Steps]) -> Answer:
    """Both sides in one instruction, as the real one is one of the lending program."""
    try:
        made = steps()
    except VaultRefused as refused:
        raise _refused(str(refused)) from None
    return Answer(body=_instruction_json(batch([made.payment, made.payout])))


def _instruction_json(instruction: Instruction) -> dict[str, object]:
    return {
        "programId": str(instruction.program_id),
        "accounts": [
            {
                "pubkey": str(account.pubkey),
                "isSigner": account.is_signer,
                "isWritable": account.is_writable,
            }
            for account in instruction.accounts
        ],
        "data": base64.b64encode(instruction.data).decode(),
    }


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= _AMOUNT_MAX):
        raise _refused("Invalid amount")
    return int(text)


def _address(text: str) -> Pubkey:
    try:
        return parse_address(text)
    except ValueError:
        raise _refused("Invalid address") from None


def _refused(reason: str) -> ProviderError:
    return ProviderError(400, {"error": reason})


def _anybody(_request: Request, _body: bytes) -> None:
    """The simulation's own endpoints are for whoever runs the sandbox."""
