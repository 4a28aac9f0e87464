"""A transfer of SOL as a leg: the platform pays the network, and the user pays it back in SOL, in the
same transaction and beside what arrives."""

from dataclasses import replace
from datetime import datetime

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer

from domain.contracts.gas import Gas
from domain.contracts.transfer_events import TransferRequested, TransferWanted
from domain.provider.effects import BuildOutcome, Landed, MoreCharged
from domain.provider.leg import fee_due
from domain.shared.assets import SOL, USDC
from domain.shared.money import AssetAmount
from domain.shared.stream import Stream
from infrastructure.chains.solana.addresses import parse_address, reference_of
from infrastructure.chains.solana.composing import with_our_fee
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.chains.solana.holdings import moved, usdc_of
from infrastructure.sagas.legs import LegKind, Seen, built, is_borne
from infrastructure.sagas.transfers import TransferLeg


class TransferLegs:
    """By what is transferred: SOL, or USDC."""

    def __init__(self, gateway: SolanaGateway) -> None:
        self._sol = SolTransferLeg(gateway)
        self._usdc = TransferLeg(gateway)

    async def build(self, stream: Stream, now: datetime) -> BuildOutcome:
        return await self._of(stream).build(stream, now)

    def read(self, stream: Stream, seen: Seen) -> Landed | None:
        found = self._of(stream).read(stream, seen)
        return found if isinstance(found, Landed) else None

    def _of(self, stream: Stream) -> LegKind:
        wanted = stream.known(TransferRequested).transfer
        return self._usdc if wanted.asset == USDC.symbol else self._sol


class SolTransferLeg:
    """All of the amount arrives."""

    def __init__(self, gateway: SolanaGateway) -> None:
        self._gateway = gateway

    async def build(self, stream: Stream, now: datetime) -> BuildOutcome:
        requested = stream.known(TransferRequested)
        wanted, gas = requested.transfer, requested.network_cost.gas
        cost = await self._gateway.composed_cost(())
        asked = Gas(asset=SOL.symbol, amount=cost.total_lamports)
        if gas is None or not is_borne(asked.amount, gas.amount):
            return MoreCharged(network_cost=replace(requested.network_cost, gas=asked))
        paid, due = replace(asked, amount=min(asked.amount, gas.amount)), fee_due(stream)
        sender, reference = parse_address(wanted.sender_address), reference_of(stream.id)
        prepared = await self._gateway.prepare(
            with_our_fee(
                [
                    _sent(
                        sender, parse_address(wanted.recipient_address), wanted.amount, reference
                    ),
                    _sent(sender, self._gateway.fee_payer, paid.amount, reference),
                ],
                owner=sender,
                treasury_owner=self._gateway.treasury_owner,
                base_units=due,
                reference=reference,
            )
        )
        return built(
            prepared,
            now,
            summary=_summary(wanted, paid),
            brings=(wanted.amount, SOL.symbol),
            charged=replace(requested.network_cost, gas=paid),
            due=due,
        )

    def read(self, stream: Stream, seen: Seen) -> Landed | None:
        wanted = stream.known(TransferRequested).transfer
        received = moved(seen.left, wanted.recipient_address, SOL)
        left = moved(seen.left, wanted.sender_address, SOL)
        if received is None or left is None:
            return None
        fee = usdc_of(seen.left.movements, self._gateway.treasury_owner)
        return Landed(
            slot=seen.slot,
            commitment=seen.commitment,
            recipient_amount=received.amount,
            recipient_instruction=received.instruction,
            recipient_account=received.account,
            fee_amount=fee.delta_base_units if fee else 0,
            fee_instruction=fee.instruction_index if fee else None,
            fee_account=fee.account if fee else None,
            lamports_spent=seen.left.lamports_spent,
            gas=Gas(asset=SOL.symbol, amount=-left.amount - received.amount),
        )


def _sent(sender: Pubkey, recipient: Pubkey, lamports: int, reference: Pubkey) -> Instruction:
    """With an account more, which the program passes over, that makes it this transaction's own."""
    plain = transfer(TransferParams(from_pubkey=sender, to_pubkey=recipient, lamports=lamports))
    named = AccountMeta(reference, is_signer=False, is_writable=False)
    return Instruction(plain.program_id, bytes(plain.data), [*plain.accounts, named])


def _summary(wanted: TransferWanted, paid: Gas) -> str:
    """What signing does, in plain words."""
    sent, cost = AssetAmount.of(wanted.amount, SOL.symbol), AssetAmount.of(paid.amount, paid.asset)
    return f"Send {sent} to {wanted.recipient_name} and pay {cost} for the network"
