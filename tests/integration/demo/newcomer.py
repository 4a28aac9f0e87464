"""What somebody new does first: the README's requests, and `diboas demo`."""

import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import httpx

from bench.platform import Platform, Ready, environment

README = (Path(__file__).resolve().parents[3] / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """What the README shows in that language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def request(kind: str) -> str:
    """The README's query or mutation."""
    return next(text for text in blocks("graphql") if text.startswith(kind))


def ask(ready: Ready, username: str, document: str) -> dict[str, dict[str, object]]:
    answer = httpx.post(
        ready.graphql,
        json={"query": document},
        headers={"Authorization": f"Bearer {ready.user(username).token}"},
        trust_env=False,
    )
    content = answer.json()
    assert answer.status_code == 200, content
    assert "errors" not in content
    data: dict[str, dict[str, object]] = content["data"]
    return data


def posted(ready: Ready, username: str) -> Decimal:
    data = ask(ready, username, "{ wallet { available { posted } } }")
    available = data["wallet"]["available"]
    assert isinstance(available, dict)
    return Decimal(available["posted"])


def demo(ready_file: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "infrastructure.cli", "demo", *arguments]
    return subprocess.run(
        [*command, "--ready-file", str(ready_file)],
        check=False,
        capture_output=True,
        text=True,
        timeout=240,
        env=environment(),
    )


def completed(platform: Platform, *action: str) -> int:
    """How many transactions the demonstration shows completed; it must end well."""
    shown = demo(platform.ready_file, *action)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    return sum(line.rstrip().endswith("COMPLETED") for line in shown.stdout.splitlines())
