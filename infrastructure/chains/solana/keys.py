"""Keypair files in the format of the Solana CLI: a JSON array of 64 integers."""

import json
import os
from pathlib import Path
from typing import Final

from solders.keypair import Keypair

from infrastructure.chains.solana.errors import InvalidKeyFile

KEYPAIR_BYTES: Final = 64


def load_keypair(path: Path) -> Keypair:
    """The keypair in `path`; InvalidKeyFile names what is wrong, never the content."""
    try:
        numbers = json.loads(path.read_text())
    except OSError as error:
        raise InvalidKeyFile(path, error.strerror or "unreadable") from None
    except ValueError:
        raise InvalidKeyFile(path, "not JSON") from None
    if not isinstance(numbers, list) or len(numbers) != KEYPAIR_BYTES:
        raise InvalidKeyFile(path, f"not an array of {KEYPAIR_BYTES} integers")
    try:
        return Keypair.from_bytes(bytes(numbers))
    except (TypeError, ValueError):
        raise InvalidKeyFile(path, "not a keypair") from None


def save_keypair(path: Path, keypair: Keypair) -> None:
    """Writes `path` readable by its owner alone; an existing file is an error, never replaced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(list(bytes(keypair)), file)


def load_or_create_keypair(path: Path) -> Keypair:
    """The keypair in `path`, made there at the first call."""
    if not path.exists():
        save_keypair(path, Keypair())
    return load_keypair(path)
