"""However Sends begin, end and hang, what is owed is paid once, and what is not paid is still owed."""

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.contracts.events import FeeDueSettled
from domain.provider.effects import Absent, LandedWithError, Unknown
from domain.shared.ids import StreamId
from domain.shared.stream import Stream
from tests.unit.domain.send.journey import ALICE_WALLET, COST, START, Journey

DUE: Final = f"fee_due:{ALICE_WALLET}"
FEES: Final = "fees:USDC"
ENDS: Final = ("land", "refuse", "cancel", "lose")
"""`lose`: never seen on the chain, again and again, until it is given up."""


@dataclass
class Wallet:
    """All that was ever `charged`, and the Sends of its user: `signed` may have been carried out."""

    charged: int = 0
    waiting: list[Journey] = field(default_factory=list)
    signed: list[Journey] = field(default_factory=list)
    ended: list[Journey] = field(default_factory=list)

    @property
    def sends(self) -> list[Journey]:
        return [*self.waiting, *self.signed, *self.ended]

    @property
    def held(self) -> int:
        return sum(send.held[DUE] for send in self.sends)

    @property
    def paid(self) -> int:
        return -sum(send.posted[DUE] for send in self.sends)

    def charge(self, amount: int) -> None:
        """A Deposit leaves a fee."""
        self.charged += amount

    def begin(self) -> None:
        """It takes on itself what no other has taken."""
        stream = Stream(id=StreamId(UUID(int=100 + len(self.sends))), wallet_id=ALICE_WALLET)
        free = self.charged - self.paid - self.held
        self.waiting.append(Journey(stream=stream).owing(free).initiate().built())

    def sign(self, number: int) -> None:
        if self.waiting:
            send = self.waiting.pop(number % len(self.waiting)).signed()
            self.signed.append(send.said(Unknown(reason="timeout", due_at=START)))

    def end(self, number: int, how: str) -> None:
        among = self.waiting if how == "cancel" else self.signed
        if not among:
            return
        send = among.pop(number % len(among))
        match how:
            case "cancel":
                send.cancelled()
            case "land":
                due = send.stream.signature_wanted().fee_due
                send.accepted().landed(fee_amount=COST.total_base_units + due)
            case "refuse":
                send.said(LandedWithError(reason="refused", lamports_spent=10_000))
            case _:
                while send.said(Absent(block_height=151)).row["state"] != "FAILED":
                    send.built().signed()
        self.ended.append(send)


numbers = st.integers(0, 9)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("charge"), st.integers(1, 10**9)),
        st.tuples(st.just("begin"), numbers),
        st.tuples(st.just("sign"), numbers),
        st.tuples(st.sampled_from(ENDS), numbers),
    ),
    max_size=25,
)


@given(steps)
def test_what_is_owed_is_paid_once_and_never_more(program: list[tuple[str, int]]) -> None:
    wallet = Wallet()
    for does, number in program:
        match does:
            case "charge":
                wallet.charge(number)
            case "begin":
                wallet.begin()
            case "sign":
                wallet.sign(number)
            case _:
                wallet.end(number, does)
        assert 0 <= wallet.held <= wallet.charged - wallet.paid

    collected = 0
    for send in wallet.ended:
        settled = send.stream.latest(FeeDueSettled)
        assert send.stream.count(FeeDueSettled) <= 1
        assert send.held[DUE] == 0
        if send.row["state"] == "FAILED":
            assert send.posted[DUE] == 0
        elif settled is not None:
            collected += settled.collected
            assert send.posted[FEES] == COST.total_base_units + settled.collected
    assert wallet.paid == collected
    # Nothing that may have been carried out has let go of what it may have paid.
    assert wallet.held == sum(
        send.stream.signature_wanted().fee_due for send in [*wallet.waiting, *wallet.signed]
    )
