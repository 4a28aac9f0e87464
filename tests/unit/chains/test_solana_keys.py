import json
import stat
from pathlib import Path

import pytest
from solders.keypair import Keypair

from infrastructure.chains.solana.errors import InvalidKeyFile
from infrastructure.chains.solana.keys import load_keypair, load_or_create_keypair, save_keypair


def test_a_saved_keypair_is_the_clis_format_and_private(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "payer.json"
    keypair = Keypair()

    save_keypair(path, keypair)

    assert load_keypair(path) == keypair
    assert len(json.loads(path.read_text())) == 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_keypair_is_created_once(tmp_path: Path) -> None:
    path = tmp_path / "payer.json"

    assert load_or_create_keypair(path) == load_or_create_keypair(path)


@pytest.mark.parametrize("content", ["", "{}", "[1, 2]", json.dumps([1] * 64), '["a"]', "[[]]"])
def test_a_file_without_a_keypair_is_refused_without_its_content(
    tmp_path: Path, content: str
) -> None:
    path = tmp_path / "payer.json"
    path.write_text(content)

    with pytest.raises(InvalidKeyFile, match=r"payer\.json"):
        load_keypair(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidKeyFile, match=r"absent\.json"):
        load_keypair(tmp_path / "absent.json")
