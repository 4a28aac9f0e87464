"""Leads a transaction to its end: does all that is asked of its user, through the API alone."""

import asyncio
import time
from dataclasses import dataclass, replace
from typing import Final

from tests.integration.api.client import TERMINAL, Json, Person, sign

WAIT_SECONDS_MAX: Final = 25.0
_POLL_SECONDS: Final = 0.05
_SKIPPED_SECONDS: Final = 15
_SLOW: Final = ("lifi", "debridge", "bridge", "due")
_OK_MAX: Final = 400
_SHOWN: Final = """query ($id: ID!) { transaction(id: $id) {
  id type state reason waitingOn fundsLocation provider receivedAmount progressPercent
  userActions { id status payload options { name } } } }"""


@dataclass(frozen=True, slots=True)
class Ended:
    """`outcome` is a final state, the word of whom it waits for, or REFUSED; `reason` a code;
    `progress` what was shown of it on the way, in percent."""

    outcome: str
    reason: str | None = None
    provider: str | None = None
    received: str | None = None
    id: str = ""
    progress: tuple[int, ...] = ()


async def skip(person: Person, seconds: float) -> None:
    """That much time passes in the sandbox."""
    url = f"{person.ready.sandbox_url}/control/clock"
    answer = await person.http.post(url, json={"skip_seconds": seconds})
    assert answer.status_code < _OK_MAX, answer.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Leading:
    """`hurried`: what takes its time at a bank or a bridge, takes it at once."""

    person: Person
    hurried: bool = True
    poll_seconds: float = _POLL_SECONDS
    wait_seconds_max: float = WAIT_SECONDS_MAX

    async def to_its_end(self, payload: Json) -> Ended:
        """What a begun transaction comes to."""
        if payload["errors"]:
            return Ended("REFUSED", payload["errors"][0]["code"])
        identifier, done, progress = payload["transaction"]["id"], set[str](), list[int]()
        deadline = time.monotonic() + self.wait_seconds_max
        while True:
            found = (await self.person.data(_SHOWN, id=identifier))["transaction"]
            progress.append(found["progressPercent"])
            outcome = _outcome(found)
            if outcome is not None:
                return replace(outcome, id=identifier, progress=tuple(progress))
            assert time.monotonic() < deadline, found
            for action in found["userActions"]:
                if action["status"] == "PENDING" and action["id"] not in done:
                    await self._do(action, done)
            if self.hurried and done and found["provider"] in _SLOW:
                await skip(self.person, _SKIPPED_SECONDS)
            await asyncio.sleep(self.poll_seconds)

    async def _do(self, action: Json, done: set[str]) -> None:
        """Pay or sign, as the action asks, and of a choice end it; what is not taken is tried again."""
        if action["options"]:
            # The last option is always the one that goes on with nothing new.
            chosen = await self.person.choose(action["id"], action["options"][-1]["name"])
            if not chosen["errors"]:
                done.add(action["id"])
            return
        if action["payload"].startswith("http"):
            answer = await self.person.http.post(action["payload"], data={"outcome": "pay"})
            if answer.status_code < _OK_MAX:
                done.add(action["id"])
            return
        signed = sign(action["payload"], self.person.keypair)
        if not (await self.person.submit(action["id"], signed))["errors"]:
            done.add(action["id"])


def _outcome(found: Json) -> Ended | None:
    """What it has come to; None while it goes on by itself."""
    if found["state"] in TERMINAL:
        return Ended(found["state"], found["reason"], found["provider"], found["receivedAmount"])
    if found["waitingOn"] == "OPERATOR":
        return Ended("OPERATOR", found["fundsLocation"], found["provider"])
    return None
