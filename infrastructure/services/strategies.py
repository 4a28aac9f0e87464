"""Putting USDC to work and taking it out: from what a user typed to what is committed, and what
they have in strategies."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol
from uuid import UUID

from domain.compliance.model import assess
from domain.contracts.events import NetworkCost
from domain.contracts.previews import Preview
from domain.contracts.services import LaunchStrategyInput, StopPreview, StopStrategyInput
from domain.contracts.strategy_events import strategy_id
from domain.contracts.views import PositionView, StrategyCatalogueView
from domain.provider.ports.defi import DeFiProvider, Position, StrategyOffer
from domain.shared.assets import USDC, Asset, Chain
from domain.shared.errors import Refused
from domain.shared.ids import TransactionId, UserId, WalletId
from domain.shared.money import parse_amount
from domain.transaction.strategies import (
    LaunchStrategyCommand,
    StopStrategyCommand,
    launch_strategy,
    stop_fee,
    stop_strategy,
)
from infrastructure.db.strategies import OpenPosition
from infrastructure.db.swaps import SwapOpening
from infrastructure.providers.asking import asked
from infrastructure.sagas.engine import SagaEngine
from infrastructure.services.costs import NetworkCosts
from infrastructure.services.faults import in_plain_words
from infrastructure.services.initiations import Initiations
from infrastructure.services.inputs import NO_KEY, read_key
from infrastructure.services.strategy_book import StrategyBook
from infrastructure.services.wishes import Plan, Wish

LAUNCH: Final = "initiateStrategyLaunch"
STOP: Final = "initiateStrategyStop"
ASK_SECONDS_MAX: Final = 3.0


class Openings(Protocol):
    """Reads what a flow has to know before it begins."""

    async def opening(
        self, user_id: UserId, *, source: Asset, operation: str, key: str
    ) -> SwapOpening | None: ...


class Positions(Protocol):
    """Reads the positions that a wallet has open."""

    async def open_positions(self, wallet_id: WalletId) -> list[OpenPosition]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyDesk:
    """Every method raises `DomainError` alone."""

    engine: SagaEngine
    initiations: Initiations
    openings: Openings
    positions_of: Positions
    network: NetworkCosts
    book: StrategyBook
    protocols: Mapping[str, DeFiProvider]

    async def catalogue(self) -> StrategyCatalogueView:
        return await self.book.catalogue(least=self.engine.facts().figures.strategy_minimum)

    async def launch(self, user_id: UserId, wish: LaunchStrategyInput) -> TransactionId:
        """Begins a launch, once for an idempotency key."""
        begun, plan = await self._launching(user_id, wish)
        with in_plain_words():
            return await self.initiations.begin(begun, plan)

    async def preview_launch(self, user_id: UserId, wish: LaunchStrategyInput) -> Preview:
        """What a launch would cost and put to work now; raises why it would be refused."""
        begun, plan = await self._launching(user_id, wish)
        with in_plain_words():
            return await self.initiations.preview(begun, plan)

    async def stop(self, user_id: UserId, wish: StopStrategyInput) -> TransactionId:
        """Begins a stop, once for an idempotency key."""
        begun, plan = await self._stopping(user_id, wish)
        with in_plain_words():
            return await self.initiations.begin(begun, plan)

    async def preview_stop(self, user_id: UserId, wish: StopStrategyInput) -> Preview:
        """What a stop would cost and bring now; raises why it would be refused."""
        begun, plan = await self._stopping(user_id, wish)
        with in_plain_words():
            return await self.initiations.preview(begun, plan)

    async def _launching(
        self, user_id: UserId, wish: LaunchStrategyInput
    ) -> tuple[Wish, Plan[LaunchStrategyCommand]]:
        amount = parse_amount(wish.amount, USDC, field="input.amount")
        key = read_key(wish.idempotency_key)
        with in_plain_words():
            opening = await self._opening(user_id, LAUNCH, key)
        begun = Wish.of(
            user_id,
            opening,
            operation=LAUNCH,
            key=key,
            content=[wish.strategy_id, amount],
            amount=amount,
            asset=USDC.symbol,
            quote_id=wish.quote_id,
        )
        return begun, Plan(
            command=LaunchStrategyCommand,
            prepare=lambda: self._launched(opening, begun, wish.strategy_id),
            renew=lambda quoted: replace(
                quoted, transaction_id=begun.transaction_id, spendable=opening.spendable
            ),
            begin=launch_strategy,
            spendable=opening.spendable,
        )

    async def _stopping(
        self, user_id: UserId, wish: StopStrategyInput
    ) -> tuple[Wish, Plan[StopStrategyCommand]]:
        key = read_key(wish.idempotency_key)
        with in_plain_words():
            opening = await self._opening(user_id, STOP, key)
        begun = Wish.of(
            user_id,
            opening,
            operation=STOP,
            key=key,
            content=[str(wish.position_id)],
            amount=0,
            asset=USDC.symbol,
            quote_id=wish.quote_id,
        )
        return begun, Plan(
            command=StopStrategyCommand,
            prepare=lambda: self._stopped(opening, begun, wish.position_id),
            renew=lambda quoted: replace(quoted, transaction_id=begun.transaction_id),
            begin=stop_strategy,
        )

    async def positions(self, wallet_id: WalletId) -> tuple[PositionView, ...]:
        """What the wallet has in strategies; without a value where a protocol does not answer."""
        found = await self.positions_of.open_positions(wallet_id)
        return tuple(await asyncio.gather(*(self._position(each) for each in found)))

    async def _launched(
        self, opening: SwapOpening, wish: Wish, identifier: str
    ) -> LaunchStrategyCommand:
        provider, offer = await self.book.offer(identifier)
        owner = _address(opening)
        assess(
            flow="strategy_launch",
            amount=wish.amount,
            addresses=(owner,),
            profile=opening.profile,
            facts=self.engine.facts(),
        )
        return LaunchStrategyCommand(
            transaction_id=wish.transaction_id,
            username=opening.username,
            owner_address=owner,
            amount=wish.amount,
            minimum=offer.minimum,
            spendable=opening.spendable,
            network_cost=await self._cost(owner),
            terms=offer.terms(provider),
        )

    async def _stopped(
        self, opening: SwapOpening, wish: Wish, position_id: UUID
    ) -> StopStrategyCommand:
        position, valued, offer = await self._stoppable(opening, position_id)
        return await self._stop_of(position, valued, offer, opening, wish.transaction_id)

    async def look_at_stop(self, user_id: UserId, position_id: UUID) -> StopPreview:
        """What a stop would bring now; refused for every reason for which the stop would be."""
        with in_plain_words():
            opening = await self._opening(user_id, STOP, NO_KEY)
            position, valued, offer = await self._stoppable(opening, position_id)
            command = await self._stop_of(
                position, valued, offer, opening, TransactionId(position_id)
            )
            facts = self.engine.facts()
            stop_strategy(command, facts)
        return StopPreview(
            principal=command.principal,
            value=command.value,
            exit_cost=command.exit_cost,
            platform_fee=stop_fee(command.value, facts.figures),
            network_cost=command.network_cost.total_base_units,
            source=valued.source,
            at=valued.at,
        )

    async def _stoppable(
        self, opening: SwapOpening, position_id: UUID
    ) -> tuple[OpenPosition, Position, StrategyOffer | None]:
        """The position, its value and its offer, where that is still told. A vault that cannot pay now says so before anything
        is begun."""
        found = await self.positions_of.open_positions(opening.wallet_id)
        position = next((each for each in found if each.id == position_id), None)
        if position is None:
            raise Refused(code="TXN_POSITION_UNKNOWN", field="input.positionId")
        if position.closing:
            raise Refused(code="TXN_POSITION_CLOSED", field="input.positionId")
        valued = await self._valued(position)
        if valued is None:
            raise Refused(code="PRV_UNAVAILABLE", field="input.positionId")
        opened = position.opened
        offer = await self.book.known(strategy_id(opened.provider, opened.offer_id))
        free = None if offer is None else offer.liquidity
        if free is not None and free < valued.worth(opened.shares):
            raise Refused(code="PRV_ILLIQUID", field="input.positionId")
        return position, valued, offer

    async def _stop_of(
        self,
        position: OpenPosition,
        valued: Position,
        offer: StrategyOffer | None,
        opening: SwapOpening,
        transaction_id: TransactionId,
    ) -> StopStrategyCommand:
        value = valued.worth(position.opened.shares)
        return StopStrategyCommand(
            transaction_id=transaction_id,
            username=opening.username,
            owner_address=position.owner_address,
            position_id=position.id,
            opened=position.opened,
            principal=position.principal,
            value=value,
            exit_cost=0 if offer is None else offer.exit_cost(value),
            network_cost=await self._cost(position.owner_address),
        )

    async def _position(self, position: OpenPosition) -> PositionView:
        valued, opened = await self._valued(position), position.opened
        return PositionView(
            id=position.id,
            strategy_id=strategy_id(opened.provider, opened.offer_id),
            provider=opened.provider,
            name=opened.name,
            asset=USDC.symbol,
            principal=position.principal,
            value=None if valued is None else valued.worth(opened.shares),
            source=None if valued is None else valued.source,
            at=None if valued is None else valued.at,
            opened_at=position.opened_at,
            locked_until=opened.locked_until,
            closing=position.closing,
        )

    async def _valued(self, position: OpenPosition) -> Position | None:
        """What the owner has in that offer, all positions together; None: the protocol does not
        answer, or knows nothing of it."""
        protocol = self.protocols.get(position.opened.provider)
        if protocol is None:
            return None
        answer = await asked(
            lambda: protocol.get_strategy_status(
                position.opened.offer_id, owner=position.owner_address
            ),
            seconds=ASK_SECONDS_MAX,
        )
        return answer if isinstance(answer, Position) and answer.shares > 0 else None

    async def _opening(self, user_id: UserId, operation: str, key: str) -> SwapOpening:
        opening = await self.openings.opening(user_id, source=USDC, operation=operation, key=key)
        if opening is None:
            raise Refused(code="AUTH_FORBIDDEN")
        return opening

    async def _cost(self, owner: str) -> NetworkCost:
        """With an account for the protocol's own token."""
        return await self.network.of_swap(owner, wraps=True)


def _address(opening: SwapOpening) -> str:
    address = opening.addresses.get(Chain.SOLANA)
    if address is None:
        raise Refused(code="TXN_NO_ADDRESS")
    return address
