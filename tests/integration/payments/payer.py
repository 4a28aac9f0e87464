"""A user who pays in: an outside client of the platform, and of the simulated providers' pages."""

import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from bench.platform import Ready, environment
from domain.shared.assets import ASSETS
from tests.integration.breakers import forget_breakers

_WAIT_SECONDS_MAX: Final = 60.0
_POLL_SECONDS: Final = 0.05
_INITIATE: Final = """mutation ($input: InitiateDepositInput!) { initiateDeposit(input: $input) {
  transaction { id state } errors { code field whatHappened why whatToDo } } }"""
_SHOWN: Final = """query ($id: ID!) {
  transaction(id: $id) {
    state subState waitingOn outcomeCertainty fundsLocation progressPercent receivedAmount
    provider providerExplanation attempt reason cancellable availableActions
    userActions { id type status payload approval options { name } }
    timeline { eventType state subState }
    attempts { strategy reason }
  }
  wallet { available { posted pending } }
}"""

_SUBMIT: Final = """mutation ($input: SubmitUserActionInput!) { submitUserAction(input: $input) {
  transaction { id state } errors { code field } } }"""
_CANCEL: Final = """mutation ($input: CancelTransactionInput!) { cancelTransaction(input: $input) {
  transaction { id state } errors { code field whatHappened why whatToDo alternatives } } }"""

Json = Any  # answers, which tests index


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """`name` is a demo user's."""

    ready: Ready
    name: str
    http: httpx.Client

    def initiate(self, amount: str = "100", method: str = "CARD", **more: str) -> Json:
        """The mutation's payload."""
        wish = {"amount": amount, "paymentMethod": method, "idempotencyKey": uuid.uuid4().hex}
        return self.ask(_INITIATE, input={**wish, **more})["initiateDeposit"]

    def begin(self, amount: str = "100", method: str = "CARD", **more: str) -> str:
        """The transaction of a deposit that is taken."""
        payload = self.initiate(amount, method, **more)
        assert payload["errors"] == []
        identifier: str = payload["transaction"]["id"]
        return identifier

    def shown(self, identifier: str) -> Json:
        """The transaction and the wallet as the API shows them now."""
        return self.ask(_SHOWN, id=identifier)

    def until(self, identifier: str, **wanted: object) -> Json:
        """The transaction once its fields are as wanted."""
        deadline = time.monotonic() + _WAIT_SECONDS_MAX
        while True:
            found = self.shown(identifier)["transaction"]
            if all(found[name] == value for name, value in wanted.items()):
                return found
            assert time.monotonic() < deadline, found
            time.sleep(_POLL_SECONDS)

    def page(self, identifier: str) -> str:
        """The address to pay at, once there is one."""
        found = self.until(identifier, waitingOn="USER")
        address: str = found["userActions"][-1]["payload"]
        return address

    def pay(self, identifier: str) -> None:
        answer = self.http.post(self.page(identifier), data={"outcome": "pay"})
        assert answer.status_code < 400, answer.text

    def decline(self, identifier: str) -> None:
        """The user's payment is refused for good: not so in a session at Coinbase, where they may try
        again while it is open."""
        page = self.page(identifier)
        outcome = "reject" if "/stripe/" in page else "decline"
        answer = self.http.post(page, data={"outcome": outcome})
        assert answer.status_code < 400, answer.text

    def choose(self, identifier: str, option: str, *, asked: str) -> Json:
        """The payload of the answer to the choice of that type, once it is asked for."""
        deadline = time.monotonic() + _WAIT_SECONDS_MAX
        while True:
            actions = self.shown(identifier)["transaction"]["userActions"]
            pending = [each for each in actions if each["status"] == "PENDING"]
            if pending and pending[-1]["type"] == asked:
                break
            assert time.monotonic() < deadline, actions
            time.sleep(_POLL_SECONDS)
        return self.submit(actionId=pending[-1]["id"], option=option)

    def submit(self, **answer: str) -> Json:
        payload: Json = self.ask(_SUBMIT, input=answer)["submitUserAction"]
        return payload

    def cancel(self, identifier: str) -> Json:
        """The mutation's payload."""
        return self.ask(_CANCEL, input={"id": identifier})["cancelTransaction"]

    def deliver_instead(self, identifier: str, asset: str) -> None:
        """The user pays, and Coinbase delivers something else."""
        token = self.page(identifier).rpartition("/")[2]
        url = f"{self.ready.sandbox_url}/coinbase/_simulate/payments/{token}/complete_in"
        self.http.post(url, content=asset).raise_for_status()

    def posted(self) -> str:
        posted: str = self.ask("{ wallet { available { posted } } }")["wallet"]["available"][
            "posted"
        ]
        return posted

    def fault(self, kind: str, provider: str, **more: object) -> None:
        self.control("faults", {"kind": kind, "provider": provider, **more})

    def clear_faults(self) -> None:
        self.http.delete(f"{self.ready.sandbox_url}/control/faults").raise_for_status()

    def forget_breakers(self) -> None:
        forget_breakers(self.ready)

    def control(self, path: str, order: object) -> None:
        url = f"{self.ready.sandbox_url}/control/{path}"
        self.http.post(url, json=order).raise_for_status()

    def fund(self, asset: str, base_units: int) -> None:
        """Sends the user something, out of nothing."""
        address = self.ready.user(self.name).addresses[ASSETS[asset].chain.lower()]
        self.control("fund", {"asset": asset, "address": address, "amount": str(base_units)})

    def wait_for(self, condition: Callable[[], bool], *, passing: float = 0) -> None:
        """Until it holds; so many seconds pass meanwhile in the sandbox, again and again."""
        deadline = time.monotonic() + _WAIT_SECONDS_MAX
        while not condition():
            assert time.monotonic() < deadline
            if passing:
                self.control("clock", {"skip_seconds": passing})
            time.sleep(1 if passing else _POLL_SECONDS)

    def webhook(self, provider: str, **more: Any) -> int:  # noqa: ANN401 (httpx's own)
        """The status that the platform answers a webhook with."""
        url = self.ready.graphql.replace("/graphql", f"/webhooks/{provider}")
        return self.http.post(url, **more).status_code

    def verify(self) -> None:
        """Every invariant of ledger and log holds."""
        result = _diboas("verify", DATABASE_URL=self.ready.database_url)
        assert result.returncode == 0, result.stdout + result.stderr

    def diboas(self, *arguments: str, up_dir: Path) -> "subprocess.CompletedProcess[str]":
        """A command of the command line for the running platform."""
        return _diboas(*arguments, "--up-dir", str(up_dir))

    def operator(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """A command of somebody with a shell beside the running platform."""
        return _diboas(*arguments, DATABASE_URL=self.ready.database_url)

    def ask(self, query: str, **variables: object) -> Json:
        answer = self.http.post(
            self.ready.graphql,
            json={"query": query, "variables": variables},
            headers={"authorization": f"Bearer {self.ready.user(self.name).token}"},
        )
        content = answer.json()
        assert "errors" not in content, content
        return content["data"]


def _diboas(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "infrastructure.cli", *arguments],
        check=False,
        capture_output=True,
        text=True,
        env=environment(**settings),
    )
