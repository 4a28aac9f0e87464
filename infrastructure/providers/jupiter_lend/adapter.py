"""Jupiter Lend Earn: USDC lent out, for shares that are tokens of their own (jlUSDC).

A deposit and a redemption are one instruction of the lending program each, which takes token
accounts to exist: they are created here, at the fee payer's cost. Nothing is ever locked, and there
is no exit fee; what can be taken out at once is limited, and grows by the second.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Final

from domain.provider.ports.answers import Declined, Idempotency, Setback
from domain.provider.ports.defi import Position, StrategyOffer
from domain.provider.ports.unsigned import AccountUse, SolanaInstruction, SolanaInstructions
from domain.shared.assets import USDC
from infrastructure.chains.solana.addresses import associated_token_account, parse_address
from infrastructure.http import HttpClient
from infrastructure.providers.jupiter_lend.calls import READ_SECONDS, questions
from infrastructure.providers.jupiter_lend.wire import (
    DepositBody,
    Instruction,
    RedeemBody,
    Token,
    UserPosition,
)
from infrastructure.providers.setbacks import nonsense
from infrastructure.providers.solana_review import (
    Payment,
    address,
    reviewed,
    token_account_creation,
)
from infrastructure.providers.unsigned import Unacceptable, from_base64

logger = logging.getLogger(__name__)

MINIMUM_BASE_UNITS: Final = 1
# Totals and a position are read at slightly different times: a value farther off is a lie.
_DRIFT_MAX: Final = Fraction(1, 100)
_RATE_DIGITS: Final = 4
_RATE_TEXT_MAX: Final = 7
_U64_MAX: Final = 2**64 - 1
_USDC_MINT: Final = str(USDC.contract)


class JupiterLend:
    """Stateless. An offer's id is the mint of its lending token."""

    name = "jupiter_lend"
    idempotency = Idempotency(on_server=False)

    def __init__(
        self,
        client: HttpClient,
        *,
        base_url: str,
        api_key: str,
        clock: Callable[[], datetime],
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self._questions = questions(
            client, base_url=base_url, api_key=api_key, read_seconds=read_seconds
        )
        self._clock = clock

    async def healthy(self) -> bool:
        return isinstance(await self._questions.read("/tokens", list[Token]), list)

    async def offers(self) -> tuple[StrategyOffer, ...] | Setback:
        tokens = await self._questions.read("/tokens", list[Token])
        if not isinstance(tokens, list):
            return tokens
        at = self._clock()
        return tuple(
            StrategyOffer(
                id=token.address,
                name=token.name,
                asset=USDC,
                apy=_rate(token.total_rate),
                minimum=MINIMUM_BASE_UNITS,
                lock_seconds=0,
                exit_fee_millionths=0,
                liquidity=_liquidity(token),
                total_value=int(token.total_assets),
                source=self.name,
                at=at,
            )
            for token in tokens
            if token.asset_address == _USDC_MINT
        )

    async def deploy_strategy(
        self, offer_id: str, *, owner: str, fee_payer: str, amount: int
    ) -> SolanaInstructions | Setback:
        refused = await self._refusal(offer_id, owner, fee_payer, amount)
        if refused is not None:
            return refused
        body = DepositBody(_USDC_MINT, owner, str(amount))
        answer = await self._questions.compose("/deposit-instructions", body, Instruction)
        if not isinstance(answer, Instruction):
            return answer
        paid = _payment(owner, _USDC_MINT, amount)
        return _composed(answer, paid, received=offer_id, fee_payer=fee_payer)

    async def get_strategy_status(self, offer_id: str, *, owner: str) -> Position | Setback | None:
        refused = await self._refusal(offer_id, owner, owner, MINIMUM_BASE_UNITS)
        if refused is not None:
            return refused
        found = await self._questions.read("/positions", list[UserPosition], query={"users": owner})
        if not isinstance(found, list):
            return found
        mine = [one for one in found if (one.owner_address, one.token.address) == (owner, offer_id)]
        if len(mine) > 1:
            return nonsense("two positions in one token")
        if not mine or int(mine[0].shares) == 0:
            return None
        if not _is_plausible(mine[0]):
            return nonsense(f"{mine[0].shares} shares are not worth {mine[0].underlying_assets}")
        return Position(
            offer_id=offer_id,
            owner=owner,
            shares=int(mine[0].shares),
            value=int(mine[0].underlying_assets),
            source=self.name,
            at=self._clock(),
        )

    async def withdraw_from_strategy(
        self, offer_id: str, *, owner: str, fee_payer: str, shares: int
    ) -> SolanaInstructions | Setback:
        refused = await self._refusal(offer_id, owner, fee_payer, shares)
        if refused is not None:
            return refused
        body = RedeemBody(_USDC_MINT, owner, str(shares))
        answer = await self._questions.compose("/redeem-instructions", body, Instruction)
        if not isinstance(answer, Instruction):
            return answer
        paid = _payment(owner, offer_id, shares)
        return _composed(answer, paid, received=_USDC_MINT, fee_payer=fee_payer)

    async def _refusal(
        self, offer_id: str, owner: str, fee_payer: str, amount: int
    ) -> Setback | None:
        """None where that can be asked: Jupiter goes by the asset, so the token is looked up."""
        try:
            for text in (offer_id, owner, fee_payer):
                address(text)
        except Unacceptable as error:
            return Declined(code="PRV_INVALID", reason=str(error))
        if not 0 < amount <= _U64_MAX:
            return Declined(code="PRV_INVALID", reason=f"no amount: {amount}")
        tokens = await self._questions.read("/tokens", list[Token])
        if not isinstance(tokens, list):
            return tokens
        known = {token.address for token in tokens if token.asset_address == _USDC_MINT}
        if offer_id not in known:
            return Declined(code="PRV_UNSUPPORTED", reason="no such lending token for USDC")
        return None


def _rate(text: str) -> Decimal | None:
    """Basis points, as described; None for anything else, as an example of theirs has it."""
    if text.isascii() and text.isdigit() and len(text) <= _RATE_TEXT_MAX:
        return Decimal(text).scaleb(-_RATE_DIGITS)
    logger.warning("jupiter_lend: a rate in another unit: %r", text)
    return None


def _liquidity(token: Token) -> int:
    """What Jupiter's other protocols could still draw is not this token's."""
    return min(int(token.total_assets), int(token.liquidity_supply_data.withdrawable))


def _is_plausible(position: UserPosition) -> bool:
    """Whether its value is its part of all that there is."""
    assets, supply = position.token.total_assets, position.token.total_supply
    if assets is None or supply is None:
        return True
    if int(supply) < int(position.shares):
        return False
    part = Fraction(int(position.shares) * int(assets), int(supply))
    # Whole units: a tiny position is rounded by up to one.
    return abs(int(position.underlying_assets) - part) <= part * _DRIFT_MAX + 1


def _payment(owner: str, mint: str, amount: int) -> Payment:
    account = associated_token_account(parse_address(owner), parse_address(mint))
    return Payment(owner=owner, account=str(account), amount=amount)


def _composed(
    answer: Instruction, payment: Payment, *, received: str, fee_payer: str
) -> SolanaInstructions | Declined:
    try:
        read = SolanaInstruction(
            program=address(answer.program_id),
            accounts=tuple(
                AccountUse(
                    address=address(account.pubkey),
                    is_signer=account.is_signer,
                    is_writable=account.is_writable,
                )
                for account in answer.accounts
            ),
            data=from_base64(answer.data),
        )
        signed = reviewed([read], payment, fee_payer=fee_payer)
    except Unacceptable as error:
        return nonsense(str(error))
    made = token_account_creation(fee_payer=fee_payer, owner=payment.owner, mint=received)
    return SolanaInstructions(instructions=(made, *signed))
