"""What a user's device does about an action of the API: reads it, signs it, hands it in."""

from dataclasses import dataclass

from infrastructure.demo.api import Api
from infrastructure.demo.device import Device
from infrastructure.demo.documents import SUBMIT, Action, Submitted
from infrastructure.demo.following import OnAction, WishRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """`on_signed` is told of every action that was signed."""

    api: Api
    device: Device
    on_signed: OnAction

    async def sign(
        self, action: Action, *, spends_at_most: int, gives_shares: bool = False
    ) -> None:
        """Raises WillNotSign for what would move more base units of USDC than that, WishRefused for
        what the platform does not take."""
        signed = self.device.sign(
            action.payload, spends_at_most=spends_at_most, gives_shares=gives_shares
        )
        self.on_signed(action)
        order = {"actionId": action.id, "signedTransaction": signed}
        answer = (await self.api.ask(SUBMIT, Submitted, input=order)).submit_user_action
        if answer.errors:
            raise WishRefused(answer.errors[0])
