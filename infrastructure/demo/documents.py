"""What the demonstration asks the API, and the answers as it reads them."""

from typing import Final

import msgspec


class Answered(msgspec.Struct, frozen=True, rename="camel"):
    """What an answer carries of a type; more fields than these are no mistake."""


class Problem(Answered, frozen=True):
    """A typed error: what happened, why, and what to do now."""

    code: str
    what_happened: str
    why: str
    what_to_do: str
    alternatives: list[str] = []


class Action(Answered, frozen=True):
    """Something that only the user can do; `payload` is the unsigned transaction in base64, or the
    address of the page to pay at."""

    id: str
    type: str
    status: str
    payload: str
    summary: str


class SentTransaction(Answered, frozen=True):
    id: str
    state: str
    user_actions: list[Action] = []


class Payload(Answered, frozen=True):
    """What every mutation answers."""

    transaction: SentTransaction | None = None
    errors: list[Problem] = []


class Initiated(Answered, frozen=True):
    initiate_send: Payload


class Strategy(Answered, frozen=True):
    id: str
    provider: str
    name: str
    apy: str | None
    lock_seconds: int
    source: str
    stale: bool


class Missing(Answered, frozen=True):
    provider: str
    reason: str


class Catalogue(Answered, frozen=True):
    nodes: list[Strategy]
    missing: list[Missing]


class Chosen(Answered, frozen=True):
    strategies: Catalogue


class Position(Answered, frozen=True):
    """`value` and `profit` are None while the protocol does not answer."""

    id: str
    provider: str
    principal: str
    value: str | None = None
    profit: str | None = None
    source: str | None = None


class Positions(Answered, frozen=True):
    positions: list[Position]


class Held(Answered, frozen=True):
    wallet: Positions


class Submitted(Answered, frozen=True):
    submit_user_action: Payload


class Found(Answered, frozen=True):
    transaction: SentTransaction | None = None


class Balance(Answered, frozen=True):
    """`fee_due` is owed to the platform, and goes with what the user signs next."""

    asset: str
    posted: str
    fee_due: str = "0"


class Wallet(Answered, frozen=True):
    available: Balance
    invested: list[Balance] = []


class Owned(Answered, frozen=True):
    wallet: Wallet


class Subject(Answered, frozen=True):
    id: str
    progress_percent: int = 0


class Update(Answered, frozen=True):
    """One event of a transaction; `resync` instead says that some before it were not sent."""

    type: str
    resync: bool = False
    state: str | None = None
    transaction: Subject | None = None


class Updated(Answered, frozen=True):
    transaction_updates: Update


_PAYLOAD: Final = """{
  transaction { id state }
  errors { code whatHappened why whatToDo alternatives }
}"""

INITIATE: Final = f"""mutation ($input: InitiateSendInput!) {{
  initiateSend(input: $input) {_PAYLOAD}
}}"""
STRATEGIES: Final = """{ strategies {
  nodes { id provider name apy lockSeconds source stale }
  missing { provider reason }
} }"""
POSITIONS: Final = "{ wallet { positions { id provider principal value profit source } } }"
SUBMIT: Final = f"""mutation ($input: SubmitUserActionInput!) {{
  submitUserAction(input: $input) {_PAYLOAD}
}}"""
ACTIONS: Final = """query ($id: ID!) {
  transaction(id: $id) { id state userActions { id type status payload summary } }
}"""
WALLET: Final = "{ wallet { available { asset posted feeDue } invested { asset posted } } }"
UPDATES: Final = """subscription {
  transactionUpdates { type resync state transaction { id progressPercent } }
}"""
