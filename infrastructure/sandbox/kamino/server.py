"""mount(world, sender, chain=…): Kamino's public and transactions API below /kamino. It has no keys.

/kvaults/vaults, …/{vault}, …/{vault}/metrics       vaults and their figures
/kvaults/users/{user}/positions[/{vault}]           shares that a wallet has
/kvaults/users/{user}/transactions                  its deposits and withdrawals
/ktx/kvault/deposit-instructions, …/withdraw-…      what a wallet has to sign
/_simulate/liquidity    POST {"vault": a, "liquidity": n}: what can be taken out; null: as usual
/_simulate/rate         POST {"vault": a, "rate_millionths": n}: what it earns a year from now on
"""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Final

import msgspec
from solders.pubkey import Pubkey
from starlette.requests import Request
from starlette.routing import BaseRoute, Mount

from infrastructure.chains.solana.addresses import USDC_DECIMALS, USDC_MINT, parse_address
from infrastructure.chains.solana.building import create_token_account
from infrastructure.sandbox.frame.server import (
    Answer,
    Operation,
    ProviderError,
    provider_routes,
    read_body,
)
from infrastructure.sandbox.frame.webhooks import WebhookSender
from infrastructure.sandbox.frame.world import World
from infrastructure.sandbox.kamino.answers import (
    instructions_json,
    metrics_json,
    move_json,
    vault_json,
)
from infrastructure.sandbox.solana_chain import SolanaChain
from infrastructure.sandbox.vaults.accrual import VaultTerms, in_decimals
from infrastructure.sandbox.vaults.treasury import SHARE_DECIMALS, Treasury
from infrastructure.sandbox.vaults.vault import Steps, Vault, VaultRefused

NAME: Final = "kamino"
VAULTS: Final = (
    VaultTerms(
        key="steady",
        name="Sandbox Steady USDC",
        rate_millionths=42_000,
        minimum=1_000_000,
        others=25_000_000 * 10**6,
    ),
    VaultTerms(
        key="locked",
        name="Sandbox Locked USDC",
        rate_millionths=75_000,
        minimum=10_000_000,
        others=8_000_000 * 10**6,
        lock_seconds=30 * 86_400,
    ),
    VaultTerms(
        key="exit-fee",
        name="Sandbox Exit Fee USDC",
        rate_millionths=60_000,
        minimum=1_000_000,
        others=3_000_000 * 10**6,
        exit_fee_bps=50,
    ),
)
_AMOUNT_MAX: Final = 2**64 - 1


class AmountBody(msgspec.Struct, frozen=True):
    """`amount` in whole tokens to deposit, in whole shares to withdraw."""

    wallet: str
    kvault: str
    amount: str


class SimulatedLiquidity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    vault: str
    liquidity: int | None


class SimulatedRate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    vault: str
    rate_millionths: int


def mount(world: World, sender: WebhookSender, *, chain: SolanaChain) -> list[BaseRoute]:
    """Kamino has no webhooks: `sender` stays unused."""
    del sender
    server = KaminoServer(world, chain)
    routes = provider_routes(world, NAME, server.operations(), authorise=_anybody)
    return [Mount(f"/{NAME}", routes=[*routes])]


class KaminoServer:
    def __init__(self, world: World, chain: SolanaChain) -> None:
        self._world = world
        treasury = Treasury(world, chain, NAME)
        vaults = [Vault(world, NAME, terms, treasury) for terms in VAULTS]
        self._vaults = {str(vault.address): vault for vault in vaults}
        # No secret, but what the platform needs beside Kamino's own answers.
        locks = {address: vault.terms.lock_seconds for address, vault in self._vaults.items()}
        world.credential(NAME, "vaults", lambda: msgspec.json.encode(locks).decode())

    def operations(self) -> list[Operation]:
        def reading(name: str, path: str, carry_out: Callable[[Request], object]) -> Operation:
            async def answer(request: Request) -> Answer:
                return Answer(body=carry_out(request))

            return Operation(name=name, method="GET", path=path, carry_out=answer)

        user = "/kvaults/users/{user}"
        return [
            reading("vaults", "/kvaults/vaults", self.vaults),
            reading("vault", "/kvaults/vaults/{vault}", self.vault),
            reading("metrics", "/kvaults/vaults/{vault}/metrics", self.metrics),
            reading("positions", f"{user}/positions", self.positions),
            reading("position", f"{user}/positions/{{vault}}", self.position),
            reading("transactions", f"{user}/transactions", self.transactions),
            Operation(
                name="deposit",
                method="POST",
                path="/ktx/kvault/deposit-instructions",
                carry_out=self.deposit,
            ),
            Operation(
                name="withdraw",
                method="POST",
                path="/ktx/kvault/withdraw-instructions",
                carry_out=self.withdraw,
            ),
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

    def vaults(self, _request: Request) -> object:
        return [vault_json(vault) for vault in self._vaults.values()]

    def vault(self, request: Request) -> object:
        return vault_json(self._asked(request))

    def metrics(self, request: Request) -> object:
        return metrics_json(self._asked(request))

    def positions(self, request: Request) -> object:
        owner = _address(request.path_params["user"])
        held = [vault for vault in self._vaults.values() if vault.shares_of(owner) > 0]
        return [{**vault_json(vault), **self._position(vault, owner)} for vault in held]

    def position(self, request: Request) -> object:
        owner, vault = _address(request.path_params["user"]), self._asked(request)
        if vault.shares_of(owner) == 0:
            raise ProviderError(404, {"metadata": "Account could not be found"})
        return self._position(vault, owner)

    def transactions(self, request: Request) -> object:
        owner = _address(request.path_params["user"])
        return [
            move_json(vault, move)
            for vault in self._vaults.values()
            for move in vault.moves_of(owner)
        ]

    async def deposit(self, request: Request) -> Answer:
        asked, vault, owner = await self._instructed(request)
        amount = _base_units(asked.amount, USDC_DECIMALS)
        steps = _permitted(lambda: vault.deposit(owner, amount))
        shares = create_token_account(payer=owner, owner=owner, mint=vault.mint)
        return Answer(body=instructions_json([shares, steps.payment, steps.payout]))

    async def withdraw(self, request: Request) -> Answer:
        asked, vault, owner = await self._instructed(request)
        held = vault.shares_of(owner)
        shares = (
            held if asked.amount == str(_AMOUNT_MAX) else _base_units(asked.amount, SHARE_DECIMALS)
        )
        steps = _permitted(lambda: vault.withdrawal(owner, shares))
        usdc = create_token_account(payer=owner, owner=owner, mint=USDC_MINT)
        return Answer(body=instructions_json([usdc, steps.payment, steps.payout]))

    async def simulate_liquidity(self, request: Request) -> Answer:
        order = await read_body(request, SimulatedLiquidity, wrong={"error": "not understood"})
        self._known(order.vault).book.set_liquidity(order.liquidity)
        return Answer(body={"vault": order.vault})

    async def simulate_rate(self, request: Request) -> Answer:
        order = await read_body(request, SimulatedRate, wrong={"error": "not understood"})
        self._known(order.vault).book.set_rate(order.rate_millionths)
        return Answer(body={"vault": order.vault})

    def _position(self, vault: Vault, owner: Pubkey) -> dict[str, object]:
        shares = vault.shares_of(owner)
        total = self._world.faults.scaled(shares, NAME, "position")
        return {
            "vaultAddress": str(vault.address),
            "stakedShares": "0",
            "unstakedShares": in_decimals(shares, SHARE_DECIMALS),
            "totalShares": in_decimals(total, SHARE_DECIMALS),
        }

    def _asked(self, request: Request) -> Vault:
        _address(request.path_params["vault"])
        return self._known(request.path_params["vault"])

    def _known(self, address: str) -> Vault:
        if address not in self._vaults:
            raise ProviderError(404, {"metadata": "Account could not be found"})
        return self._vaults[address]

    async def _instructed(self, request: Request) -> tuple[AmountBody, Vault, Pubkey]:
        wrong = _refusal("body must have required properties")
        asked = await read_body(request, AmountBody, wrong=wrong)
        try:
            owner = parse_address(asked.wallet)
        except ValueError:
            raise ProviderError(400, _refusal("body/wallet must be an address")) from None
        if asked.kvault not in self._vaults:
            raise ProviderError(400, _refusal("Kvault not found", "KVAULT_NOT_FOUND"))
        return asked, self._vaults[asked.kvault], owner


def _permitted(steps: Callable[[], Steps]) -> Steps:
    try:
        return steps()
    except VaultRefused as refused:
        raise ProviderError(400, _refusal(str(refused))) from None


def _base_units(text: str, decimals: int) -> int:
    try:
        number = Decimal(text).scaleb(decimals)
    except InvalidOperation:
        raise ProviderError(400, _refusal("body/amount must be a decimal")) from None
    if not number.is_finite() or number <= 0 or number != number.to_integral_value():
        raise ProviderError(400, _refusal("body/amount must be a positive decimal"))
    if number > _AMOUNT_MAX:
        raise ProviderError(400, _refusal("Too large", "DECIMAL_TO_LAMPORTS_OVERFLOW"))
    return int(number)


def _refusal(message: str, code: str | None = None) -> dict[str, object]:
    body: dict[str, object] = {"statusCode": 400, "message": message, "error": "Bad Request"}
    return body if code is None else {**body, "code": code}


def _address(text: str) -> Pubkey:
    try:
        return parse_address(text)
    except ValueError:
        raise ProviderError(400, {"error": "Invalid path params", "details": []}) from None


def _anybody(_request: Request, _body: bytes) -> None:
    """Kamino's API is public."""
