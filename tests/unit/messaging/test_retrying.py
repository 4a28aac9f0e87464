import pytest

from infrastructure.messaging import retrying
from infrastructure.messaging.retrying import backoff_seconds, persist


def test_the_bound_doubles_and_ends() -> None:
    for failures, bound in ((0, 0.1), (1, 0.2), (3, 0.8), (5, 2.0), (10_000, 2.0)):
        waits = [backoff_seconds(failures) for _ in range(200)]
        assert 0 <= min(waits) <= max(waits) <= bound
        assert max(waits) > bound / 2


@pytest.fixture
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "backoff_seconds", lambda _failures: 0)


class Failing:
    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    async def read(self) -> str:
        if self.errors:
            raise self.errors.pop(0)
        return "read"


@pytest.mark.usefixtures("_at_once")
async def test_the_log_is_asked_until_it_answers() -> None:
    assert await persist(Failing(OSError(), TimeoutError(), ConnectionError()).read) == "read"


@pytest.mark.usefixtures("_at_once")
async def test_a_defect_is_not_asked_again() -> None:
    with pytest.raises(ZeroDivisionError):
        await persist(Failing(ZeroDivisionError()).read)
