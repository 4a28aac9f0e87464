"""The use cases of moving money behind one door, as the API asks for them."""

from infrastructure.services.approvals import ApprovalDesk
from infrastructure.services.sends import SendDesk


class MoneyMovements:
    """Every method raises `DomainError` alone."""

    def __init__(self, sends: SendDesk, approvals: ApprovalDesk) -> None:
        self.preview = sends.preview
        self.initiate = sends.initiate
        self.submit = approvals.submit
        self.cancel = approvals.cancel
