"""A Send driven by hand: the test plays the user, the chain and the clock."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.contracts.commands import (
    CancelTransactionCommand,
    InitiateSendCommand,
    SendWish,
    SubmitSignatureCommand,
)
from domain.contracts.events import NetworkCost, Recipient, SolPrice
from domain.provider.effects import (
    Absent,
    Accepted,
    BroadcastOutcome,
    BuildOutcome,
    Built,
    Claimed,
    EffectKind,
    Landed,
    NotAttempted,
    action_id,
    effect_id,
)
from domain.provider.handlers import on_broadcast, on_built, submit_signature
from domain.provider.leg import fee_due
from domain.provider.sent import SentAlready, on_deadline_looked_at
from domain.provider.signing import on_sign_deadline
from domain.registry import REGISTRY
from domain.shared.decision import Decision, Facts, KycLevel, Profile
from domain.shared.figures import Figures, KycLimits, RegionLimits, UsualTime
from domain.shared.ids import HoldId, StreamId, TransactionId, UserId, WalletId
from domain.shared.saga import Origin, settle
from domain.shared.screening import ScreeningList
from domain.shared.stream import Stream
from domain.shared.unit import ActionStatus, Booked, EffectState, Group, Rejected, Unit
from domain.transaction.handlers import cancel, initiate_send
from domain.wallet.claims import deposit_stream
from infrastructure.db.checks import check_unit

START = datetime(2026, 1, 1, tzinfo=UTC)
TRANSACTION = TransactionId(UUID(int=1))
ALICE = UserId(UUID(int=2))
ALICE_WALLET = WalletId(UUID(int=3))
BOB = UserId(UUID(int=4))
BOB_WALLET = WalletId(UUID(int=5))
SIGNATURE = "signature-1"
GROUPS = (Group.COMPLIANCE, Group.WALLET, Group.PROVIDER, Group.TRANSACTION)
EVERYBODY = (*GROUPS, Group.ORCHESTRATOR)
PROCESSES: Sequence[Sequence[Sequence[Group]]] = (
    (EVERYBODY,),
    tuple((group,) for group in EVERYBODY),
)
"""All contexts in one process, and each in its own: whoever leads a flow is one of them."""
PROCESS_NAMES = ("one", "five")
COST = NetworkCost(
    network_fee_lamports=10_000,
    rent_lamports=0,
    total_base_units=1_500,
    price=SolPrice(micro_usd=150_000_000, source="test", at=START),
)
FIGURES = Figures(
    policy_version="test",
    send_minimum=5_000_000,
    fee_reserve=100_000,
    send_fee_millionths=0,
    withdraw_minimum=5_000_000,
    withdraw_fee_millionths=0,
    bank_withdraw_fee_millionths=4_800,
    deposit_minimum_cents=1_000,
    deposit_fee_millionths=4_800,
    buy_minimum=10_000_000,
    buy_minimum_cents=1_000,
    sell_minimum=5_000_000,
    sell_fee_millionths=3_900,
    sell_fee_minimum=250_000,
    strategy_minimum=10_000_000,
    strategy_stop_fee_millionths=3_900,
    strategy_stop_fee_minimum=250_000,
    slippage_millionths=5_000,
    slippage_millionths_max=50_000,
    payment_slippage_millionths=20_000,
    slippage_warned_millionths=20_000,
    costs_warned_millionths=50_000,
    quote_seconds=60,
    confirmation_seconds=300,
    kyc={
        "unverified": KycLimits(
            transaction=100_000_000,
            day=500_000_000,
            week=2_000_000_000,
            month=5_000_000_000,
            flows=frozenset({"deposit"}),
        ),
        "basic": KycLimits(
            transaction=2_000_000_000,
            day=5_000_000_000,
            week=25_000_000_000,
            month=100_000_000_000,
            flows=frozenset({"deposit", "send", "withdraw"}),
        ),
    },
    regions={
        "US": RegionLimits(
            day=50_000_000_000, approval=25_000_000_000, countries=frozenset({"US"})
        ),
        "other": RegionLimits(day=10_000_000_000, approval=5_000_000_000),
    },
    blocked_countries=frozenset({"KP"}),
    risk_millionths={"low": 1_000_000, "medium": 500_000, "high": 200_000},
    method_day={"CARD": 15_000_000_000},
    approval_window_seconds=900,
    payment_page_seconds=86_400,
    rebuilds_max=3,
    usual_times=(
        UsualTime(name="DEPOSIT_BANK", type="DEPOSIT", seconds=259_200, methods=("BANK",)),
        UsualTime(name="DEPOSIT_SMALL", type="DEPOSIT", seconds=60, usd_max=1_000_000_000),
        UsualTime(name="WITHDRAW_BANK", type="WITHDRAW", seconds=172_800, methods=("BANK",)),
        *(
            UsualTime(name=kind, type=kind, seconds=seconds)
            for kind, seconds in (
                ("SEND", 60),
                ("DEPOSIT", 10_800),
                ("WITHDRAW", 1_200),
                ("BUY", 900),
                ("SELL", 900),
                ("STRATEGY_LAUNCH", 120),
                ("STRATEGY_STOP", 120),
            )
        ),
    ),
    estimate_after_completed=30,
)
FACTS = Facts(
    now=START,
    figures=FIGURES,
    screening=ScreeningList(version="test", addresses=frozenset({"sanctioned"})),
    profile=Profile(user_id=ALICE, kyc_level=KycLevel.BASIC, country="US"),
)


def allowed(*flows: str) -> Facts:
    """With a level that lets the user do these."""
    basic = replace(FIGURES.kyc["basic"], flows=frozenset(flows))
    return replace(FACTS, figures=replace(FIGURES, kyc={**FIGURES.kyc, "basic": basic}))


RECIPIENT = Recipient(address="bob", username="bob", user_id=BOB, wallet_id=BOB_WALLET)


TAKEN = Rejected("ALREADY_BOOKED", "", Booked(StreamId(UUID(int=77)), START))
"""Some other transaction has the claim."""


def watched(
    signature: str = SIGNATURE,
    asset: str = "USDC",
    *,
    wallet_id: WalletId = ALICE_WALLET,
    at: datetime = START,
) -> Rejected:
    """The watcher for unannounced money has the claim, since `at`."""
    booked = Booked(deposit_stream(wallet_id, signature, asset), at)
    return Rejected("ALREADY_BOOKED", "", booked)


def command(**changes: object) -> InitiateSendCommand:
    """Alice sends Bob 25 USDC; `changes` alter a part of the wish or of the command."""
    wish = SendWish(
        sender_address="alice", recipient=RECIPIENT, amount=25_000_000, network_cost=COST
    )
    of_wish = {name: value for name, value in changes.items() if hasattr(wish, name)}
    of_command = {name: value for name, value in changes.items() if name not in of_wish}
    sent = InitiateSendCommand(
        transaction_id=TRANSACTION,
        username="alice",
        wish=replace(wish, **of_wish),  # type: ignore[arg-type]  # the tests name real fields
        memo=None,
    )
    return replace(sent, **of_command)  # type: ignore[arg-type]  # as above


@dataclass
class Journey:
    """One Send: `stream` as the log has it, `units` as they would be committed."""

    groups: Sequence[Sequence[Group]] = (GROUPS,)
    facts: Facts = FACTS
    stream: Stream = field(
        default_factory=lambda: Stream(id=StreamId(TRANSACTION), wallet_id=ALICE_WALLET)
    )
    units: list[Unit] = field(default_factory=list)
    effects: dict[UUID, EffectState] = field(default_factory=dict)
    actions: dict[UUID, ActionStatus] = field(default_factory=dict)
    holds: dict[HoldId, int] = field(default_factory=dict)
    posted: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    held: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    incoming: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def decide(self, handler: Callable[[Stream, Facts], Decision]) -> None:
        """Commits what the handler decides; then lets every process hear of it."""
        self._commit(handler(self.stream, self.facts), self.groups[0] if self._merged else ())
        while not self._merged and self._heard():
            pass

    def initiate(self, spendable: int = 100_000_000, **changes: object) -> "Journey":
        sent = command(**changes)
        self.decide(lambda _stream, facts: initiate_send(sent, spendable=spendable, facts=facts))
        return self

    def built(self, outcome: BuildOutcome | None = None) -> "Journey":
        effect = self._claimed(EffectKind.BUILD)
        outcome = outcome or self.message()
        self.decide(lambda stream, facts: on_built(stream, effect, outcome, facts))
        return self

    def message(self) -> Built:
        return Built(
            message="bWVzc2FnZQ==",
            payload="cGF5bG9hZA==",
            summary="Send 24.9985 USDC to @bob",
            blockhash="hash",
            last_valid_block_height=150,
            recipient_amount=24_998_500,
            network_cost=COST,
            fee_due=fee_due(self.stream),
            expires_at=self.facts.now + timedelta(seconds=60),
            exchange={},
        )

    def signed(self, attempt: int | None = None) -> "Journey":
        answer = SubmitSignatureCommand(
            action_id=action_id(self.stream.id, attempt or self.attempt),
            signed_transaction="c2lnbmVk",
            signature=SIGNATURE,
        )
        self.decide(lambda stream, facts: submit_signature(stream, answer, facts))
        return self

    def said(self, outcome: BroadcastOutcome) -> "Journey":
        effect = self._claimed(EffectKind.BROADCAST)
        self.decide(lambda stream, facts: on_broadcast(stream, effect, outcome, facts))
        return self

    def accepted(self) -> "Journey":
        return self.said(Accepted(due_at=self.facts.now))

    def landed(self, recipient_amount: int = 24_998_500, fee_amount: int = 1_500) -> "Journey":
        return self.said(
            Landed(
                slot=7,
                commitment="confirmed",
                recipient_amount=recipient_amount,
                recipient_instruction=0,
                recipient_account="bob-ata",
                fee_amount=fee_amount,
                fee_instruction=1,
                fee_account="treasury-ata",
                lamports_spent=10_000,
            )
        )

    def absent(self) -> "Journey":
        return self.said(Absent(block_height=151))

    def deadline(self, *, after_seconds: int = 60) -> "Journey":
        self.facts = replace(self.facts, now=self.facts.now + timedelta(seconds=after_seconds))
        effect = self._claimed(EffectKind.SIGN_DEADLINE)
        self.decide(lambda stream, facts: on_sign_deadline(stream, effect, facts))
        return self

    def looked_for(self, found: SentAlready | NotAttempted | None) -> "Journey":
        """At the deadline, where its user may have sent it by themselves."""
        self.facts = replace(self.facts, now=self.facts.now + timedelta(seconds=60))
        effect = self._claimed(EffectKind.SIGN_DEADLINE)
        self.decide(lambda stream, facts: on_deadline_looked_at(stream, effect, found, facts))
        return self

    def cancelled(self) -> "Journey":
        wish = CancelTransactionCommand(transaction_id=TRANSACTION, user_id=ALICE)
        self.decide(lambda stream, _facts: cancel(stream, wish))
        return self

    def owing(self, amount: int) -> "Journey":
        """The wallet owes the platform so much from earlier."""
        self.facts = replace(self.facts, fee_due=amount)
        return self

    def rejected(self) -> "Journey":
        rejection = Rejected("INSUFFICIENT_BALANCE", f"available:{ALICE_WALLET}")
        self.facts = replace(self.facts, rejection=rejection)
        return self

    @property
    def recipient(self) -> Recipient:
        return RECIPIENT

    @property
    def cost(self) -> NetworkCost:
        return COST

    @property
    def attempt(self) -> int:
        return max(event.attempt for event in self.stream.events)

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
    def states(self) -> list[str]:
        """Every state passed, in the order of the recorded history."""
        rows = sorted(
            (row for unit in self.units for row in unit.history),
            key=lambda row: (row.event_sequence, row.position),
        )
        return [f"{row.state}.{row.sub_state}" if row.sub_state else row.state for row in rows]

    @property
    def row(self) -> dict[str, object]:
        """The transaction's row, as all moves add up."""
        row: dict[str, object] = {}
        for unit in self.units:
            if unit.transaction is not None:
                row |= unit.transaction.fields
                row |= {"state": unit.transaction.state, "sub_state": unit.transaction.sub_state}
        return row

    @property
    def _merged(self) -> bool:
        return len(self.groups) == 1

    def _claimed(self, kind: EffectKind) -> Claimed:
        return Claimed(
            id=effect_id(self.stream.id, kind, self.attempt), epoch=1, attempt=self.attempt
        )

    def _heard(self) -> bool:
        before = len(self.units)
        for groups in self.groups:
            if any(self.stream.handled.get(group, 0) < self.stream.sequence for group in groups):
                self._commit(Decision(), groups)
        return len(self.units) > before

    def _commit(self, seed: Decision, groups: Sequence[Group]) -> None:
        unit = settle(
            self.stream,
            seed,
            origin=Origin(user_id=ALICE, correlation_id="test"),
            registry=REGISTRY,
            groups=groups,
            facts=self.facts,
        )
        assert unit.expected_sequence == self.stream.sequence
        check_unit(unit)
        self.units.append(unit)
        handled = dict(self.stream.handled) | {g: to for g, (_, to) in unit.handled.items()}
        self.stream = replace(self.stream.extended(unit.events), handled=handled)
        self._apply(unit)

    def _apply(self, unit: Unit) -> None:
        for posting in unit.postings:
            self.posted[posting.account.code] += posting.posted
            self.held[posting.account.code] += posting.held + posting.soft
            self.incoming[posting.account.code] += posting.incoming
        for hold in unit.holds_placed:
            assert hold.id not in self.holds
            self.holds[hold.id] = hold.amount
        for settled in unit.holds_settled:
            self.holds[settled.id] -= settled.captured + settled.released
        self.effects |= {effect.id: EffectState.INTENT for effect in unit.effects_requested}
        self.effects |= {effect.id: effect.state for effect in unit.effects_moved}
        self.actions |= {action.id: ActionStatus.PENDING for action in unit.actions_opened}
        self.actions |= {action.id: action.status for action in unit.actions_moved}
        self._check()

    def _check(self) -> None:
        """The ledger's invariants after every commit."""
        by_asset: dict[str, int] = defaultdict(int)
        for unit in self.units:
            for posting in unit.postings:
                by_asset[posting.account.asset] += posting.posted
        assert not any(by_asset.values())
        assert all(amount >= 0 for amount in self.holds.values())
        mirrored = sum(self.held.values()) + sum(self.incoming.values())
        assert sum(self.holds.values()) == mirrored
