"""The two commands of the README, in a fresh clone, by somebody who has nothing installed."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

import msgspec
import psutil  # type: ignore[import-untyped]  # it ships no types
import pytest

from bench.checkout import cloned, copied
from bench.platform import ROOT, environment, kill, still_running

SECONDS_MAX: Final = 600

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.slow,
    # Where no cache is warm, everything is fetched.
    pytest.mark.timeout(SECONDS_MAX),
]

README: Final = (ROOT / "README.md").read_text()
INSTALL_SECONDS_MAX: Final = 300.0
DEMO_SECONDS_MAX: Final = 60.0
ANSWER_SECONDS_MAX: Final = 10.0
STOP_SECONDS_MAX: Final = 10.0
TEST_SECONDS_MAX: Final = 120.0
_POLL_SECONDS: Final = 0.05
# What a run of tests, an active environment or an outer make would lead a newcomer's shell astray by.
_OURS: Final = re.compile(r"(VIRTUAL_ENV|PYTHON|PYTEST|COV_|MAKE|MFLAGS|ARGS$)")


@dataclass(frozen=True, slots=True)
class Clone:
    """A clone, and the shell of its owner."""

    folder: Path
    shell: dict[str, str]

    @property
    def output(self) -> Path:
        """What `make up` says, both streams of it."""
        return self.folder.with_suffix(".log")

    @contextmanager
    def up(self, arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
        """`make up` while the block lasts; nothing of it is left, whatever happens."""
        with self.output.open("wb") as log:
            process = subprocess.Popen(
                ["make", "up", f"ARGS={arguments}"],
                cwd=self.folder,
                env=self.shell,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            yield process
        finally:
            if process.poll() is None:
                tree = psutil.Process(process.pid).children(recursive=True)
                process.kill()
                process.wait()
                kill(tree)

    def says(self, make: "subprocess.Popen[bytes]", text: str, *, seconds_max: float) -> None:
        """Returns once `make up` has said so."""
        deadline = time.monotonic() + seconds_max
        while text not in self.output.read_text():
            assert make.poll() is None, self.output.read_text()
            assert time.monotonic() < deadline, self.output.read_text()
            time.sleep(_POLL_SECONDS)

    def run(self, *words: str, seconds_max: float) -> str:
        """What a command prints; it must succeed."""
        done = subprocess.run(
            words,
            check=False,
            cwd=self.folder,
            env=self.shell,
            capture_output=True,
            text=True,
            timeout=seconds_max,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """HEAD as git gives it, with what the working tree has beyond it."""
    folder = tmp_path / "clone"
    cloned(folder)
    copied(folder)
    command = ["git", "ls-files", "--deleted", "-z"]
    gone = subprocess.run(command, check=True, capture_output=True, cwd=ROOT, text=True).stdout
    for name in filter(None, gone.split("\0")):
        (folder / name).unlink(missing_ok=True)
    return Clone(folder, clean_shell())


def clean_shell() -> dict[str, str]:
    """Without this run's Python, settings and make; how packages are found stays as it is."""
    here = Path(sys.prefix) / "bin"
    kept = {name: value for name, value in environment().items() if not _OURS.match(name)}
    path = [place for place in kept["PATH"].split(os.pathsep) if Path(place) != here]
    return {**kept, "PATH": os.pathsep.join(path)}


def readme_block(language: str, beginning: str) -> str:
    """The code block of the README that begins so."""
    blocks = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    found: str = next(text for text in blocks if text.startswith(beginning))
    return found


def ask(clone: Clone, graphql: str) -> dict[str, dict[str, object]]:
    """The answer to the README's first query through its own shell functions."""
    functions = readme_block("sh", "token()").replace("http://127.0.0.1:8000/graphql", graphql)
    query = shlex.quote(readme_block("graphql", "query"))
    answer = clone.run("bash", "-c", f"{functions}\nask {query}", seconds_max=ANSWER_SECONDS_MAX)
    data: dict[str, dict[str, object]] = msgspec.json.decode(answer)["data"]
    return data


def stop(make: "subprocess.Popen[bytes]") -> tuple[int, list[str]]:
    """SIGTERM to what `make up` runs: the exit code that it passes on, and who is left running."""
    [diboas] = psutil.Process(make.pid).children()
    tree = [diboas, *diboas.children(recursive=True)]
    diboas.send_signal(signal.SIGTERM)
    try:
        return make.wait(STOP_SECONDS_MAX), still_running(tree, after_seconds=0.5)
    finally:
        kill(tree)


def test_the_readmes_two_commands(clone: Clone) -> None:
    ready_file = clone.folder / ".diboas" / "ready.json"
    with clone.up("--port 0 --data-dir .diboas --ready-file here.json") as make:
        clone.says(make, "diboas: ready", seconds_max=INSTALL_SECONDS_MAX)
        clone.says(make, "COMPLETED after", seconds_max=DEMO_SECONDS_MAX)
        assert (clone.folder / "here.json").read_bytes() == ready_file.read_bytes()

        data = ask(clone, msgspec.json.decode(ready_file.read_bytes())["graphql"])
        assert data["me"]["username"] == "alice"
        available = data["wallet"]["available"]
        assert isinstance(available, dict)
        assert available["asset"] == "USDC"
        assert Decimal(available["posted"]) >= Decimal(available["spendable"]) > 0

        code, left = stop(make)
        assert code == 0
        assert not left
        assert not ready_file.exists()

    told = clone.run("make", "test", "ARGS=tests/unit -k money", seconds_max=TEST_SECONDS_MAX)
    assert re.search(r"^\d+ passed", told.splitlines()[-1].strip("= ")), told
