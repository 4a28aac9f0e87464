"""Keys of other chains than Solana as files beside the Solana key: 32 bytes in hexadecimal."""

import os
import secrets
from pathlib import Path
from typing import Final

from domain.shared.assets import Chain
from infrastructure.chains.solana.errors import InvalidKeyFile

SECRET_BYTES: Final = 32


def secret_file(keypair_file: Path, chain: Chain) -> Path:
    return keypair_file.with_suffix(f".{chain.lower()}.hex")


def load_secret(path: Path) -> bytes:
    """The key in `path`; InvalidKeyFile names what is wrong, never the content."""
    try:
        content = bytes.fromhex(path.read_text())
    except OSError as error:
        raise InvalidKeyFile(path, error.strerror or "unreadable") from None
    except ValueError:
        raise InvalidKeyFile(path, "not hexadecimal") from None
    if len(content) != SECRET_BYTES:
        raise InvalidKeyFile(path, f"not {SECRET_BYTES} bytes")
    return content


def load_or_create_secret(path: Path) -> bytes:
    """The key in `path`, made there at the first call, readable by its owner alone."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_bytes(SECRET_BYTES).hex())
    return load_secret(path)
