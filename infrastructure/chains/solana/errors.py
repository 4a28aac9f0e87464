"""What can go wrong between us and Solana.

SolanaError
├── RpcError
│   ├── RpcUnavailable    not connected: the request was certainly not executed
│   ├── RpcTimeout        no usable answer: the outcome is unknown
│   ├── RpcRateLimited    refused for its rate: not executed, come back later
│   ├── RpcRejected       the node answered with a JSON-RPC error
│   └── RpcMalformed      the answer is none of the protocol's: the outcome is unknown
├── SubmissionError       what a user handed in as signed is refused
│   ├── NotATransaction
│   ├── MessageChanged
│   ├── AssertionsAppended
│   ├── SignatureMissing
│   ├── SignatureInvalid
│   └── ForeignSigner
├── FeePayerMisused       a program that may not touch the fee payer names it
└── InvalidKeyFile        a file that holds no keypair in the Solana CLI's format
"""

from pathlib import Path


class SolanaError(Exception):
    pass


class RpcError(SolanaError):
    pass


class RpcUnavailable(RpcError):
    """The request was certainly not executed."""


class RpcTimeout(RpcError):
    """The request may have been executed."""


class RpcRateLimited(RpcError):
    """Not executed; `retry_after_seconds` is the node's wish, if it has one."""

    def __init__(self, retry_after_seconds: float | None) -> None:
        super().__init__(f"rate limited, retry after {retry_after_seconds} s")
        self.retry_after_seconds = retry_after_seconds


class RpcRejected(RpcError):
    """The node's own error: `code` and `message` as documented for JSON-RPC, `data` as sent."""

    def __init__(self, code: int, message: str, data: object = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.data = data


class RpcMalformed(RpcError):
    pass


class SubmissionError(SolanaError):
    pass


class NotATransaction(SubmissionError):
    """The bytes are not exactly one transaction."""


class MessageChanged(SubmissionError):
    """The signed message is not the one that was built."""


class AssertionsAppended(MessageChanged):
    """The wallet added Lighthouse assertions: they change the message, so it is refused."""

    def __init__(self) -> None:
        super().__init__(
            "the wallet added assertion instructions; sign the transaction exactly as it was shown"
        )


class SignatureMissing(SubmissionError):
    """The signer's slot is empty."""


class SignatureInvalid(SubmissionError):
    """The signature does not verify for the signer over the message."""


class ForeignSigner(SubmissionError):
    """Another slot than the signer's is filled, or the message does not ask the signer."""


class FeePayerMisused(SolanaError):
    def __init__(self, program: str, instruction_index: int) -> None:
        super().__init__(f"instruction {instruction_index} of {program} names the fee payer")
        self.program = program
        self.instruction_index = instruction_index


class InvalidKeyFile(SolanaError):
    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
