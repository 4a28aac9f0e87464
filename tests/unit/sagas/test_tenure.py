"""A lease that one process of several holds, at few writes."""

from dataclasses import dataclass, field

from infrastructure.sagas.tenure import LEASE_SECONDS, RENEW_SECONDS, Tenure


@dataclass
class Leases:
    """`asked` are the times of the writes; `free` what they are answered."""

    now: float = 100.0
    free: bool = True
    asked: list[float] = field(default_factory=list)

    async def acquire(self, lease: str, owner: str, *, seconds: float) -> bool:
        assert (lease, owner, seconds) == ("looking", "me", LEASE_SECONDS)
        self.asked.append(self.now)
        return self.free

    def tenure(self) -> Tenure:
        return Tenure(self.acquire, lease="looking", owner="me", clock=lambda: self.now)


async def test_it_is_renewed_now_and_then() -> None:
    leases = Leases()
    tenure = leases.tenure()

    for _ in range(int(2 * RENEW_SECONDS)):
        assert await tenure.is_held()
        leases.now += 1

    assert leases.asked == [100.0, 100.0 + RENEW_SECONDS]


async def test_who_does_not_hold_it_asks_each_time() -> None:
    leases = Leases(free=False)
    tenure = leases.tenure()

    assert [await tenure.is_held() for _ in range(3)] == [False] * 3
    leases.free = True
    assert await tenure.is_held()
    assert len(leases.asked) == 4


async def test_what_another_has_taken_meanwhile_is_noticed_before_it_ends_there() -> None:
    leases = Leases()
    tenure = leases.tenure()
    assert await tenure.is_held()

    leases.now += LEASE_SECONDS + 1
    leases.free = False

    assert not await tenure.is_held()
