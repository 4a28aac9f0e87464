"""A fresh checkout with nothing installed: the repository as somebody else gets it."""

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Final

from bench.platform import ROOT

_INSTALL_SECONDS_MAX: Final = 600.0


def cloned(target: Path) -> None:
    """HEAD, as `git clone` gives it."""
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, target], check=True)


def copied(target: Path) -> None:
    """The working tree as it is, without what git ignores."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, check=True, capture_output=True, cwd=ROOT, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def installed_seconds(checkout: Path, caches: Path) -> float:
    """How long `make install` takes when nothing that it needs was ever fetched before."""
    cold = {
        "UV_CACHE_DIR": str(caches / "uv"),
        "PIP_CACHE_DIR": str(caches / "pip"),
        "XDG_CACHE_HOME": str(caches / "any"),
    }
    begun = time.monotonic()
    subprocess.run(
        ["make", "--directory", checkout, "install"],
        check=True,
        timeout=_INSTALL_SECONDS_MAX,
        env={**os.environ, **cold},
        stdout=subprocess.DEVNULL,
    )
    return time.monotonic() - begun
