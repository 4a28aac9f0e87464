"""What each flow's movement is to compliance."""

from dataclasses import replace

from domain.compliance.flows import send
from domain.compliance.screening import Movement
from tests.unit.domain.send.journey import FIGURES, RECIPIENT, Journey


def test_a_send_to_an_address_of_nobody_is_a_withdrawal() -> None:
    stranger = replace(RECIPIENT, username=None, user_id=None, wallet_id=None)

    named = send.movement(Journey().initiate().stream, FIGURES)
    nameless = send.movement(Journey().initiate(recipient=stranger).stream, FIGURES)

    assert named == Movement(flow="send", amount=25_000_000, addresses=("alice", "bob"))
    assert nameless == replace(named, flow="withdraw")
