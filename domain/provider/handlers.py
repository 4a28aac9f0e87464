"""What the provider context decides when a call's outcome or the user's answer is known.

Unknown is never failed: only a proof from the chain ends a transfer that may have been sent.
"""

from typing import assert_never

from domain.contracts.commands import SubmitSignatureCommand
from domain.contracts.events import (
    CancellationRequested,
    OutcomeUnknown,
    SignatureWanted,
    UserActionCompleted,
    UserActionRequired,
    UserActionSubmitted,
)
from domain.contracts.transfer_events import (
    LegRequested,
    TransferBroadcast,
    TransferExpired,
)
from domain.provider.choices import withdraw_choice
from domain.provider.confirmations import terms_changed
from domain.provider.effects import (
    Absent,
    Accepted,
    AnyLanded,
    ApprovalLanded,
    BroadcastOutcome,
    BuildOutcome,
    Built,
    CallLanded,
    Claimed,
    Contested,
    Declined,
    EffectKind,
    Landed,
    LandedWithError,
    NotAttempted,
    StrategyChanged,
    SwapLanded,
    TermsChanged,
    Unknown,
    action_id,
    ask_user,
    effect_id,
    request_effect,
)
from domain.provider.errors import ActionRefused, ActionReplayed, ActionStale
from domain.provider.landings import confirmed
from domain.provider.leg import GATEWAYS, attempts, given_up, leg_of
from domain.provider.ramps import for_a_person
from domain.provider.signing import looked_at, rebuilt, sign_until, status_of
from domain.provider.strategy_choices import ask_adjustment, may_adjust
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.ids import ActionId, derived
from domain.shared.stream import Stream
from domain.shared.unit import (
    ActionMoved,
    ActionStatus,
    EffectMoved,
    EffectState,
    InteractionRow,
    JsonObject,
)


def on_built(stream: Stream, effect: Claimed, outcome: BuildOutcome, facts: Facts) -> Decision:
    """The message is there to sign, or cannot be had."""
    if isinstance(outcome, NotAttempted):
        return _retried_or_given_up(stream, effect, outcome, facts)
    if isinstance(outcome, Built):
        return _signature_required(stream, effect, outcome, facts)
    # Nothing is to be signed for now: nobody needs more time for it.
    return withdraw_choice(stream, facts) + _not_to_sign(stream, effect, outcome, facts)


def _not_to_sign(
    stream: Stream,
    effect: Claimed,
    outcome: Declined | StrategyChanged | TermsChanged,
    facts: Facts,
) -> Decision:
    if isinstance(outcome, StrategyChanged):
        return _strategy_changed(stream, effect, outcome, facts)
    if isinstance(outcome, Declined):
        return _build_declined(stream, effect, outcome, facts)
    return _terms_changed(stream, effect, outcome, facts)


def _signature_required(stream: Stream, effect: Claimed, built: Built, facts: Facts) -> Decision:
    action = action_id(stream.id, effect.attempt)
    required = UserActionRequired(
        action_id=action,
        action="SIGN_TRANSACTION",
        payload=built.payload,
        summary=built.summary,
        expires_at=built.expires_at,
        signature=SignatureWanted(
            message=built.message,
            blockhash=built.blockhash,
            last_valid_block_height=built.last_valid_block_height,
            recipient_amount=built.recipient_amount,
            network_cost=built.network_cost,
            asset=built.asset,
            reference=built.reference,
            fee_due=built.fee_due,
            prepared=built.prepared,
        ),
    )
    return ask_user(required, attempt=effect.attempt, at=facts.now) + Decision(
        effects_moved=(EffectMoved(id=effect.id, state=EffectState.DONE, epoch=effect.epoch),),
        effects_requested=(
            request_effect(
                stream.id,
                EffectKind.SIGN_DEADLINE,
                effect.attempt,
                request={"action_id": str(action)},
                due_at=looked_at(stream, built.expires_at, facts),
            ),
        ),
        interactions=(_interaction(stream, effect, "build", "DONE", facts, built.exchange),),
    )


def _strategy_changed(
    stream: Stream, effect: Claimed, changed: StrategyChanged, facts: Facts
) -> Decision:
    """The user is asked, where there is anything to choose."""
    if may_adjust(stream, changed):
        asked = ask_adjustment(stream, changed, facts)
    else:
        asked = Decision(events=(given_up(stream, code=changed.code, reason=changed.reason),))
    return asked + _not_built(stream, effect, changed.reason, facts)


def _build_declined(stream: Stream, effect: Claimed, why: Declined, facts: Facts) -> Decision:
    failed = Decision(events=(given_up(stream, code=why.code, reason=why.reason),))
    return failed + _not_built(stream, effect, why.reason, facts)


def _not_built(stream: Stream, effect: Claimed, reason: str, facts: Facts) -> Decision:
    return Decision(
        effects_moved=(EffectMoved(id=effect.id, state=EffectState.DECLINED, epoch=effect.epoch),),
        interactions=(
            _interaction(stream, effect, "build", "DECLINED", facts, {"reason": reason}),
        ),
    )


def _terms_changed(stream: Stream, effect: Claimed, told: TermsChanged, facts: Facts) -> Decision:
    """Nothing is built by terms that the user was not shown."""
    changed = terms_changed(stream, told)
    said = {"outcome": changed.type_name()}
    return Decision(
        events=(changed,),
        effects_moved=(EffectMoved(id=effect.id, state=EffectState.DECLINED, epoch=effect.epoch),),
        interactions=(_interaction(stream, effect, "build", "WORSE", facts, said),),
    )


def _retried_or_given_up(
    stream: Stream, effect: Claimed, outcome: NotAttempted, facts: Facts
) -> Decision:
    """Building only reads, so it is repeated freely, until the user's approval would be late."""
    if facts.now >= sign_until(stream):
        declined = Declined(code="PRV_UNAVAILABLE", reason=outcome.reason)
        return withdraw_choice(stream, facts) + _build_declined(stream, effect, declined, facts)
    return Decision(effects_moved=(_again(effect, EffectState.INTENT, outcome),))


def check_submittable(stream: Stream, action: ActionId) -> SignatureWanted:
    """What the user was asked to sign, if it may still be answered. Raises `ActionRefused` if not."""
    required = stream.latest(UserActionRequired)
    status = status_of(stream, action)
    if status in {ActionStatus.SUBMITTED, ActionStatus.COMPLETED}:
        raise ActionReplayed
    # A cancellation counts from when it is in the stream, heard by this context or not.
    if required is None or status is not ActionStatus.PENDING or stream.has(CancellationRequested):
        raise ActionStale
    if required.signature is None:
        # A page to pay at: nothing signed can be the answer.
        raise ActionRefused
    return required.signature


def submit_signature(stream: Stream, command: SubmitSignatureCommand, facts: Facts) -> Decision:
    """Stores the complete bytes and closes cancelling; only then may they be broadcast."""
    wanted = check_submittable(stream, command.action_id)
    attempt = attempts(stream)
    broadcast = effect_id(stream.id, EffectKind.BROADCAST, attempt)
    submitted = UserActionSubmitted(
        action_id=command.action_id,
        signature=command.signature,
        effect_id=broadcast,
        last_valid_block_height=wanted.last_valid_block_height,
    )
    return withdraw_choice(stream, facts) + Decision(
        events=(submitted,),
        actions_moved=(
            ActionMoved(
                id=command.action_id,
                status=ActionStatus.SUBMITTED,
                at=facts.now,
                approval={"signature": command.signature},
            ),
        ),
        effects_moved=(
            EffectMoved(
                id=effect_id(stream.id, EffectKind.SIGN_DEADLINE, attempt),
                state=EffectState.CANCELLED,
            ),
        ),
        effects_requested=(
            request_effect(
                stream.id,
                EffectKind.BROADCAST,
                attempt,
                key=command.signature,
                request={
                    "transaction": command.signed_transaction,
                    "signature": command.signature,
                    "last_valid_block_height": wanted.last_valid_block_height,
                    "inputs": [] if wanted.prepared is None else list(wanted.prepared.inputs),
                },
                due_at=facts.now,
            ),
        ),
    )


def on_broadcast(
    stream: Stream, effect: Claimed, outcome: BroadcastOutcome, facts: Facts
) -> Decision:
    """What a node or the chain says of a transaction that may have been sent."""
    match outcome:
        case Accepted():
            return _accepted(stream, effect, outcome, facts)
        case Unknown() | Contested():
            return _unknown(stream, effect, outcome)
        case NotAttempted():
            return Decision(effects_moved=(_again(effect, EffectState.INTENT, outcome),))
        case Landed() | SwapLanded() | CallLanded() | ApprovalLanded():
            return _landed(stream, effect, outcome, facts)
        case LandedWithError():
            return _landed_with_error(stream, effect, outcome, facts)
        case Absent():
            return _absent(stream, effect, outcome, facts)
        case _:
            assert_never(outcome)


def _accepted(stream: Stream, effect: Claimed, outcome: Accepted, facts: Facts) -> Decision:
    pending = Decision(effects_moved=(_again(effect, EffectState.PENDING, outcome),))
    if _broadcast_known(stream):
        return pending
    return pending + _first_broadcast(stream, effect, facts)


def _first_broadcast(stream: Stream, effect: Claimed, facts: Facts) -> Decision:
    submitted = stream.known(UserActionSubmitted)
    return Decision(
        events=(
            UserActionCompleted(action_id=submitted.action_id),
            leg_of(stream).broadcast(signature=submitted.signature, effect_id=effect.id),
        ),
        actions_moved=(
            ActionMoved(id=submitted.action_id, status=ActionStatus.COMPLETED, at=facts.now),
        ),
        interactions=(_interaction(stream, effect, "broadcast", "ACCEPTED", facts, {}),),
    )


def _unknown(stream: Stream, effect: Claimed, outcome: Unknown | Contested) -> Decision:
    """Held as it is; what only a person can tell is told to one."""
    moved = Decision(effects_moved=(_again(effect, EffectState.UNKNOWN, outcome),))
    if isinstance(outcome, Contested):
        moved = for_a_person(stream, outcome.reason) + moved
    if stream.happened_since(OutcomeUnknown, UserActionSubmitted) or _broadcast_known(stream):
        return moved
    unknown = OutcomeUnknown(effect_id=effect.id, operation="broadcast")
    return moved + Decision(events=(unknown,))


def _landed(stream: Stream, effect: Claimed, seen: AnyLanded, facts: Facts) -> Decision:
    """Booked as the chain shows it. One that landed unheard of is announced first."""
    first = NOTHING if _broadcast_known(stream) else _first_broadcast(stream, effect, facts)
    return first + Decision(
        events=(confirmed(stream, seen),),
        effects_moved=(EffectMoved(id=effect.id, state=EffectState.DONE, epoch=effect.epoch),),
        interactions=(
            _interaction(stream, effect, "confirm", "LANDED", facts, {"slot": seen.slot}),
        ),
    )


def _landed_with_error(
    stream: Stream, effect: Claimed, seen: LandedWithError, facts: Facts
) -> Decision:
    failed = leg_of(stream).failed(
        code="TXN_CHAIN_REFUSED",
        reason=seen.reason,
        landed=True,
        lamports_spent=seen.lamports_spent,
        signature=seen.signature or stream.known(UserActionSubmitted).signature,
        gas=seen.gas,
    )
    return Decision(
        events=(failed,),
        effects_moved=(EffectMoved(id=effect.id, state=EffectState.DECLINED, epoch=effect.epoch),),
        interactions=(
            _interaction(stream, effect, "confirm", "FAILED", facts, {"reason": seen.reason}),
        ),
    )


def _absent(stream: Stream, effect: Claimed, proof: Absent, facts: Facts) -> Decision:
    rebuilds = stream.count(TransferExpired)
    expired = leg_of(stream).expired(
        signature=stream.known(UserActionSubmitted).signature,
        proven_at_block_height=proof.block_height,
        final=rebuilds >= facts.figures.rebuilds_max,
    )
    reason = "the signed transaction never reached the chain and never can"
    return Decision(
        events=(expired,),
        effects_moved=(
            EffectMoved(id=effect.id, state=EffectState.NOT_ATTEMPTED, epoch=effect.epoch),
        ),
        recoveries=() if expired.final else (rebuilt(stream, effect.attempt, reason, facts),),
    )


def _again(
    effect: Claimed, state: EffectState, when: Accepted | Unknown | Contested | NotAttempted
) -> EffectMoved:
    return EffectMoved(id=effect.id, state=state, epoch=effect.epoch, due_at=when.due_at)


def _broadcast_known(stream: Stream) -> bool:
    return stream.happened_since(TransferBroadcast, UserActionSubmitted)


def _interaction(  # noqa: PLR0917  # private, and read in the order of the sentence
    stream: Stream,
    effect: Claimed,
    operation: str,
    outcome: str,
    facts: Facts,
    response: JsonObject,
) -> InteractionRow:
    return InteractionRow(
        id=derived(effect.id, "interaction", operation, stream.sequence),
        provider=GATEWAYS[stream.known(LegRequested).chain],
        operation=operation,
        outcome=outcome,
        attempt=effect.attempt,
        at=facts.now,
        response=response,
    )
