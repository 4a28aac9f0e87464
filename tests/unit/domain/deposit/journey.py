"""A Deposit driven by hand: the test plays the user, the provider, the chain and the clock."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from domain.compliance.review import DecideReviewCommand, decide_review
from domain.contracts.buy_events import BuyTransactionInitiated, OnRampPurchase
from domain.contracts.choice_events import UserChoiceRequired
from domain.contracts.commands import CancelTransactionCommand
from domain.contracts.deposit_events import (
    DepositTransactionInitiated,
    PaymentOffer,
    RejectedOffer,
)
from domain.contracts.envelope import EventPayload
from domain.provider.choices import make_choice, on_choice_deadline
from domain.provider.effects import Claimed, EffectKind, effect_id
from domain.provider.payment_outcomes import CheckOutcome, Delivered, Opened, OpenOutcome
from domain.provider.payments import on_payment_checked, on_payment_opened
from domain.registry import REGISTRY
from domain.shared.decision import Decision, Facts, KycLevel, Profile
from domain.shared.ids import StreamId, TransactionId
from domain.shared.money import TransactionFee
from domain.shared.saga import Origin, settle
from domain.shared.stream import Stream
from domain.shared.unit import Group, Rejected, Unit
from domain.transaction.handlers import cancel
from infrastructure.db.checks import check_unit
from tests.unit.domain.send.journey import ALICE, ALICE_WALLET, FACTS, GROUPS, START

TRANSACTION = TransactionId(UUID(int=9))
ORIGIN = Origin(user_id=ALICE, correlation_id="deposit")
METHODS = ("CARD", "APPLE_PAY", "GOOGLE_PAY", "BANK", "PAYPAL")
BEGINNER = replace(
    FACTS, profile=Profile(user_id=ALICE, kyc_level=KycLevel.UNVERIFIED, country="US")
)


def offer(provider: str, *, amount: int = 98_000_000, minutes: int = 10) -> PaymentOffer:
    return PaymentOffer(
        provider=provider,
        asset_amount=amount,
        fees=(TransactionFee(kind="PROVIDER", amount=200, asset="USD"),),
        expires_at=START + timedelta(minutes=minutes),
        estimated_seconds=120,
        score=900_000,
    )


def initiated(**changes: object) -> DepositTransactionInitiated:
    """Alice pays 100 USD in by card; `changes` alter it."""
    event = DepositTransactionInitiated(
        transaction_id=TRANSACTION,
        username="alice",
        address="alice-address",
        asset="USDC",
        fiat_amount=10_000,
        fiat_currency="USD",
        usd_value=100_000_000,
        payment_method="CARD",
        country="US",
        platform_fee=470_400,
        offers=(offer("first"), offer("second", amount=97_000_000)),
        rejected=(RejectedOffer(provider="third", reason="disabled"),),
        return_url="https://wallet.test/done",
        methods=METHODS,
    )
    return replace(event, **changes)  # type: ignore[arg-type]  # the tests name real fields


def bought(asset: str, amount: int) -> BuyTransactionInitiated:
    """Alice pays 100 USD for the asset, as the providers offer it."""
    return BuyTransactionInitiated(
        transaction_id=TRANSACTION,
        username="alice",
        asset=asset,
        address="alice-address",
        on_ramp=OnRampPurchase(
            fiat_amount=10_000,
            fiat_currency="USD",
            usd_value=100_000_000,
            payment_method="CARD",
            country="US",
            offers=(offer("first", amount=amount),),
            rejected=(),
            return_url="https://wallet.test/done",
            methods=METHODS,
        ),
    )


DELIVERED = Delivered(
    asset="USDC",
    amount=98_000_000,
    transaction_hash="hash",
    instruction=1,
    account="alice-token-account",
)


@dataclass
class Payment:
    """One Deposit: `stream` as the log has it, `units` as they would be committed; `rejections`
    are what the database refuses next."""

    groups: Sequence[Sequence[Group]] = (GROUPS,)
    facts: Facts = BEGINNER
    stream: Stream = field(
        default_factory=lambda: Stream(id=StreamId(TRANSACTION), wallet_id=ALICE_WALLET)
    )
    units: list[Unit] = field(default_factory=list)
    posted: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    incoming: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    rejections: list[Rejected] = field(default_factory=list)

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.stream.events]

    @property
    def steps(self) -> list[tuple[str, int, str, str | None]]:
        """Each step and attempt as it stands: name, attempt, status and why."""
        latest = {
            (row.name, row.attempt): (row.name, row.attempt, row.status.value, row.detail)
            for unit in self.units
            for row in unit.steps
        }
        return list(latest.values())

    @property
    def row(self) -> dict[str, object]:
        """The columns of the transaction as they stand."""
        moves = [unit.transaction for unit in self.units if unit.transaction is not None]
        return {name: value for move in moves for name, value in move.fields.items()}

    @property
    def states(self) -> list[str]:
        """Every state that was entered, in order."""
        rows = [row for unit in self.units for row in unit.history]
        return [f"{row.state}.{row.sub_state}" if row.sub_state else row.state for row in rows]

    def initiate(self, **changes: object) -> "Payment":
        self.decide(lambda _stream, _facts: Decision(events=(initiated(**changes),)))
        return self

    def buy(self, asset: str, amount: int) -> "Payment":
        self.decide(lambda _stream, _facts: Decision(events=(bought(asset, amount),)))
        return self

    def reviewed(self, *, approves: bool) -> "Payment":
        review = DecideReviewCommand(approves=approves, operator="olga", reason="salary")
        self.decide(lambda stream, facts: decide_review(stream, review, facts))
        return self

    def opened(self, outcome: OpenOutcome | None = None) -> "Payment":
        effect = self._claimed(EffectKind.ONRAMP_OPEN)
        answer = outcome or Opened(
            reference="payment-1",
            redirect_url="https://provider.test/pay",
            expires_at=None,
            due_at=self.facts.now + timedelta(seconds=1),
        )
        self.decide(lambda stream, facts: on_payment_opened(stream, effect, answer, facts))
        return self

    def checked(self, outcome: CheckOutcome) -> "Payment":
        effect = self._claimed(EffectKind.ONRAMP_CHECK)
        self.decide(lambda stream, facts: on_payment_checked(stream, effect, outcome, facts))
        return self

    def chosen(self, option: str, *brought: EventPayload) -> "Payment":
        """The user's answer to what they are asked now."""
        required = self.stream.known(UserChoiceRequired)
        self.decide(
            lambda stream, facts: (
                make_choice(stream, required.action_id, option, facts) + Decision(events=brought)
            )
        )
        return self

    def given_up(self) -> "Payment":
        """The user asks to stop it."""
        command = CancelTransactionCommand(transaction_id=TRANSACTION, user_id=ALICE)
        self.decide(lambda stream, _facts: cancel(stream, command))
        return self

    def unanswered(self) -> "Payment":
        """The time to choose is over."""
        required = self.stream.known(UserChoiceRequired)
        number = self.stream.count(UserChoiceRequired)
        identifier = effect_id(self.stream.id, EffectKind.CHOICE_DEADLINE, number)
        effect = Claimed(id=identifier, epoch=1, attempt=number)
        self.at(required.expires_at)
        self.decide(lambda stream, facts: on_choice_deadline(stream, effect, facts))
        return self

    def at(self, moment: datetime) -> "Payment":
        self.facts = replace(self.facts, now=moment)
        return self

    def _claimed(self, kind: EffectKind) -> Claimed:
        attempt = max(event.attempt for event in self.stream.events)
        identifier = effect_id(self.stream.id, kind, attempt)
        return Claimed(id=identifier, epoch=1, attempt=attempt, reference="payment-1")

    def decide(self, handler: Callable[[Stream, Facts], Decision]) -> None:
        """Commits what the handler decides; then lets every process hear of it until all have."""
        together = len(self.groups) == 1
        self._commit(handler, self.groups[0] if together else ())
        while not together and any(self._hears(groups) for groups in self.groups):
            pass

    def _hears(self, groups: Sequence[Group]) -> bool:
        behind = any(self.stream.handled.get(g, 0) < self.stream.sequence for g in groups)
        if behind:
            self._commit(lambda _stream, _facts: Decision(), groups)
        return behind

    def _commit(
        self, handler: Callable[[Stream, Facts], Decision], groups: Sequence[Group]
    ) -> None:
        unit = self._settled(handler, groups, self.facts)
        while self.rejections and (
            (unit.postings and any(unit.claims or unit.holds_settled)) or unit.limits_reserved
        ):
            facts = replace(self.facts, rejection=self.rejections.pop(0))
            unit = self._settled(handler, groups, facts)
        handled = dict(self.stream.handled) | {g: to for g, (_, to) in unit.handled.items()}
        self.stream = replace(self.stream.extended(unit.events), handled=handled)
        self.units.append(unit)
        check_unit(unit)
        for posting in unit.postings:
            self.posted[posting.account.code] += posting.posted
            self.incoming[posting.account.code] += posting.incoming

    def _settled(
        self, handler: Callable[[Stream, Facts], Decision], groups: Sequence[Group], facts: Facts
    ) -> Unit:
        return settle(
            self.stream,
            handler(self.stream, facts),
            origin=ORIGIN,
            registry=REGISTRY,
            groups=groups,
            facts=facts,
        )
