"""What a transaction left each address with."""

from domain.provider.ports.chain import Movement
from infrastructure.chains.credits import SENDERS_MAX, credited_to, credits_of


def paid(index: int, amount: int, address: str = "alice", asset: str = "BTC") -> Movement:
    return Movement(index=index, asset=asset, address=address, amount=amount)


def test_a_payment_in_several_parts_is_one_credit_at_the_place_of_the_first() -> None:
    (credit,) = credits_of("hash", [paid(1, 30), paid(4, 12)], taken={("BTC", "bob"): 50})

    assert (credit.index, credit.amount, credit.address) == (1, 42, "alice")
    assert (credit.transaction_hash, credit.senders) == ("hash", ("bob",))


def test_change_is_no_credit() -> None:
    found = credits_of("hash", [paid(0, 10), paid(1, 88, "bob")], taken={("BTC", "bob"): 100})

    assert [one.address for one in found] == ["alice"]


def test_who_pays_a_part_of_it_is_credited_with_the_rest() -> None:
    (credit,) = credits_of("hash", [paid(0, 100)], taken={("BTC", "alice"): 30, ("BTC", "bob"): 80})

    assert credit.amount == 70


def test_assets_are_told_apart() -> None:
    movements = [paid(1, 5, asset="PAXG"), paid(2, 7, asset="XAUT")]
    taken = {("PAXG", "bob"): 5, ("XAUT", "carol"): 7, ("XAUT", "alice"): 7}

    (credit,) = credits_of("hash", movements, taken=taken)

    assert (credit.asset, credit.index, credit.senders) == ("PAXG", 1, ("bob",))


def test_senders_are_bounded() -> None:
    taken = {("BTC", f"sender-{number}"): 1 for number in range(2 * SENDERS_MAX)}

    (credit,) = credits_of("hash", [paid(0, 1)], taken=taken)

    assert len(credit.senders) == SENDERS_MAX


def test_only_those_to_ours_are_told() -> None:
    found = credits_of("hash", [paid(0, 1), paid(1, 2, "carol")], taken={})

    assert [one.address for one in credited_to(found, ["carol", "dave"])] == ["carol"]
