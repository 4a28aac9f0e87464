"""Kamino Earn: vaults that take USDC and lend it out.

Kamino composes instructions of what the owner signs; it knows nothing of a fee payer, who pays here
for token accounts in the owner's place. A deposit into a vault with a farm of its own may make the
owner pay rent to that farm: such vaults are best left out of `vaults`.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from domain.provider.ports.answers import Declined, Idempotency, NotAttempted, Setback
from domain.provider.ports.defi import Position, StrategyOffer
from domain.provider.ports.unsigned import SolanaInstructions
from domain.shared.assets import USDC
from infrastructure.chains.solana.addresses import associated_token_account, parse_address
from infrastructure.http import HttpClient
from infrastructure.providers.kamino.calls import NOT_FOUND, READ_SECONDS, questions
from infrastructure.providers.kamino.reading import (
    in_decimals,
    instruction_of,
    is_for_usdc,
    locked_until,
    minimum,
    offer_of,
    readable,
    share_units,
    value_of,
)
from infrastructure.providers.kamino.wire import (
    AmountBody,
    Instructions,
    Metrics,
    Move,
    Shares,
    Vault,
)
from infrastructure.providers.setbacks import nonsense
from infrastructure.providers.solana_review import Payment, address, reviewed
from infrastructure.providers.unsigned import Unacceptable

logger = logging.getLogger(__name__)

# Each has a call of its own for its figures.
OFFERS_MAX: Final = 20
# Our own word: Kamino has none for it.
LOCKED: Final = "LOCKED"
_U64_MAX: Final = 2**64 - 1


class KaminoVaults:
    """Stateless. `vaults` are the only ones that are offered, None: all that take USDC.
    `locks`: for how many seconds a vault keeps a deposit, which Kamino's API does not tell."""

    name = "kamino"
    idempotency = Idempotency(on_server=False)

    def __init__(
        self,
        client: HttpClient,
        *,
        base_url: str,
        clock: Callable[[], datetime],
        vaults: Sequence[str] | None = None,
        locks: Mapping[str, int] | None = None,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self._questions = questions(client, base_url=base_url, read_seconds=read_seconds)
        self._clock = clock
        self._vaults = None if vaults is None else frozenset(vaults)
        self._locks = locks or {}

    async def healthy(self) -> bool:
        return isinstance(await self._all(), list)

    async def offers(self) -> tuple[StrategyOffer, ...] | Setback:
        """Without those vaults whose figures do not come, unless that is all of them."""
        found = await self._all()
        if not isinstance(found, list):
            return found
        fitting = [vault for vault in found if is_for_usdc(vault) and self._is_offered(vault)]
        mine = list({vault.address: vault for vault in fitting}.values())
        if len(mine) > OFFERS_MAX:
            logger.warning(
                "kamino: %d of %d vaults are left out", len(mine) - OFFERS_MAX, len(mine)
            )
        asked = [self._offer(vault) for vault in mine[:OFFERS_MAX]]
        answers = await asyncio.gather(*asked)
        offers = tuple(one for one in answers if isinstance(one, StrategyOffer))
        setbacks = [one for one in answers if not isinstance(one, StrategyOffer)]
        if setbacks and not offers:
            return setbacks[0]
        for setback in setbacks:
            logger.warning("kamino: a vault is left out: %s", setback.reason)
        return offers

    async def deploy_strategy(
        self, offer_id: str, *, owner: str, fee_payer: str, amount: int
    ) -> SolanaInstructions | Setback:
        vault = await self._vault(offer_id, owner, fee_payer, amount)
        if not isinstance(vault, Vault):
            return vault
        if amount < minimum(vault.state):
            return Declined(code="PRV_LIMIT", reason=f"less than {minimum(vault.state)}")
        body = AmountBody(owner, offer_id, in_decimals(amount, USDC.decimals))
        answer = await self._questions.compose(
            "/ktx/kvault/deposit-instructions", body, Instructions
        )
        if not isinstance(answer, Instructions):
            return answer
        return _composed(answer, owner, str(USDC.contract), amount, fee_payer=fee_payer)

    async def get_strategy_status(self, offer_id: str, *, owner: str) -> Position | Setback | None:
        vault = await self._vault(offer_id, owner, owner, 1)
        if not isinstance(vault, Vault):
            return vault
        held, metrics, until = await asyncio.gather(
            self._held(vault, owner),
            self._questions.read(f"/kvaults/vaults/{offer_id}/metrics", Metrics),
            self._locked_until(offer_id, owner),
        )
        if not isinstance(held, int):
            return held
        if not isinstance(metrics, Metrics):
            return metrics
        if not (until is None or isinstance(until, datetime)):
            return until
        return Position(
            offer_id=offer_id,
            owner=owner,
            shares=held,
            value=value_of(held, vault, metrics),
            source=self.name,
            at=self._clock(),
            locked_until=until,
        )

    async def withdraw_from_strategy(
        self, offer_id: str, *, owner: str, fee_payer: str, shares: int
    ) -> SolanaInstructions | Setback:
        vault = await self._vault(offer_id, owner, fee_payer, shares)
        if not isinstance(vault, Vault):
            return vault
        until = await self._locked_until(offer_id, owner)
        if not (until is None or isinstance(until, datetime)):
            return until
        if until is not None and until > self._clock():
            reason = f"locked until {until.isoformat()}"
            return Declined(code="PRV_DECLINED", reason=reason, provider_code=LOCKED)
        amount = in_decimals(shares, vault.state.shares_mint_decimals)
        body = AmountBody(owner, offer_id, amount)
        answer = await self._questions.compose(
            "/ktx/kvault/withdraw-instructions", body, Instructions
        )
        if not isinstance(answer, Instructions):
            return answer
        return _composed(answer, owner, vault.state.shares_mint, shares, fee_payer=fee_payer)

    async def _all(self) -> list[Vault] | Setback:
        """Anybody may open a vault: one that cannot be read must not hide the others."""
        found = await self._questions.read("/kvaults/vaults", list[msgspec.Raw])
        if not isinstance(found, list):
            return found
        vaults = readable(found)
        if found and not vaults:
            return NotAttempted(reason="no vault is readable")
        if len(vaults) < len(found):
            logger.warning("kamino: %d vaults are not readable", len(found) - len(vaults))
        return vaults

    def _is_offered(self, vault: Vault) -> bool:
        return self._vaults is None or vault.address in self._vaults

    async def _offer(self, vault: Vault) -> StrategyOffer | Setback:
        try:
            place = address(vault.address)
        except Unacceptable as error:
            return nonsense(str(error))
        metrics = await self._questions.read(f"/kvaults/vaults/{place}/metrics", Metrics)
        if not isinstance(metrics, Metrics):
            return metrics
        lock_seconds = self._locks.get(place, 0)
        at = self._clock()
        return offer_of(vault, metrics, lock_seconds=lock_seconds, source=self.name, at=at)

    async def _vault(
        self, offer_id: str, owner: str, fee_payer: str, amount: int
    ) -> Vault | Setback:
        """The vault, if all that is asked about it can be."""
        refused = _unaskable(offer_id, owner, fee_payer, amount=amount)
        if refused is not None:
            return refused
        vault = await self._questions.read(f"/kvaults/vaults/{offer_id}", Vault)
        if isinstance(vault, Declined) and vault.provider_code == NOT_FOUND:
            return Declined(code="PRV_UNSUPPORTED", reason="no such vault", provider_code=NOT_FOUND)
        if not isinstance(vault, Vault):
            return vault
        if vault.address != offer_id:
            return nonsense("another vault than asked")
        if not is_for_usdc(vault) or not self._is_offered(vault):
            return Declined(code="PRV_UNSUPPORTED", reason="a vault that is not offered")
        return vault

    async def _held(self, vault: Vault, owner: str) -> int | Setback | None:
        """None: nothing, which Kamino says with 404."""
        path = f"/kvaults/users/{owner}/positions/{vault.address}"
        shares = await self._questions.read(path, Shares)
        if isinstance(shares, Declined) and shares.provider_code == NOT_FOUND:
            return None
        if not isinstance(shares, Shares):
            return shares
        return share_units(shares, vault) or None

    async def _locked_until(self, offer_id: str, owner: str) -> datetime | Setback | None:
        lock_seconds = self._locks.get(offer_id, 0)
        if lock_seconds == 0:
            return None
        moves = await self._questions.read(f"/kvaults/users/{owner}/transactions", list[Move])
        if not isinstance(moves, list):
            return moves
        try:
            return locked_until(moves, offer_id, lock_seconds)
        except ValueError:
            return nonsense("a date that is none")


def _unaskable(*addresses: str, amount: int) -> Declined | None:
    try:
        for text in addresses:
            address(text)
    except Unacceptable as error:
        return Declined(code="PRV_INVALID", reason=str(error))
    if not 0 < amount <= _U64_MAX:
        return Declined(code="PRV_INVALID", reason=f"no amount: {amount}")
    return None


def _composed(
    answer: Instructions, owner: str, mint: str, amount: int, *, fee_payer: str
) -> SolanaInstructions | Declined:
    try:
        account = associated_token_account(parse_address(owner), parse_address(mint))
        payment = Payment(owner=owner, account=str(account), amount=amount)
        read = [instruction_of(part) for part in answer.instructions]
        tables = tuple(address(table) for table in answer.luts_by_address)
        return SolanaInstructions(
            instructions=reviewed(read, payment, fee_payer=fee_payer), lookup_tables=tables
        )
    except ValueError as error:
        return nonsense(str(error))
