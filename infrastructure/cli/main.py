"""The `diboas` command. What an operator can mend is one line on standard error and exit code 1."""

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from infrastructure.cli.parser import build_parser
from infrastructure.settings import StartupError

EXIT_FAILED: Final = 1
EXIT_BUG: Final = 70  # EX_SOFTWARE
EXIT_INTERRUPTED: Final = 130  # 128 + SIGINT
_LOGIN_WANTED: Final = (
    "this takes the login that made the roles, or a superuser's, in DATABASE_ADMIN_URL"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    options = build_parser().parse_args(arguments)
    try:
        return _COMMANDS[options.command](options)
    except StartupError as error:
        return _fail(str(error), EXIT_FAILED)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except OSError as error:
        return _fail(_describe(error), EXIT_FAILED, error)
    except Exception as error:  # noqa: BLE001  the last handler: nothing above shall show a traceback
        if _may_not(error):
            return _fail(f"{error}: {_LOGIN_WANTED}", EXIT_FAILED, error)
        return _fail(f"unexpected {_describe(error)}", EXIT_BUG, error)


def _may_not(error: Exception) -> bool:
    """The database's login lacks a right. The driver is loaded only where something failed."""
    import asyncpg

    return isinstance(error, asyncpg.InsufficientPrivilegeError)


def _fail(message: str, code: int, error: Exception | None = None) -> int:
    line = " ".join(message.split())
    if error is not None and os.environ.get("DIBOAS_LOG_LEVEL", "").lower() == "debug":
        traceback.print_exception(error)
    elif code == EXIT_BUG:
        line += " (DIBOAS_LOG_LEVEL=debug shows where)"
    print(f"diboas: {line}", file=sys.stderr)
    return code


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _up(options: argparse.Namespace) -> int:
    from infrastructure.cli.up import UpOptions, up

    return up(
        UpOptions(
            host=options.host,
            port=options.port,
            data_dir=options.data_dir,
            reset=options.reset,
            demo=not options.no_demo,
            ready_file=options.ready_file,
        )
    )


def _api(options: argparse.Namespace) -> int:
    from infrastructure.cli.roles import run_api

    return run_api(host=options.host, port=options.port)


def _worker(options: argparse.Namespace) -> int:
    from infrastructure.cli.roles import run_worker

    return run_worker(contexts=options.contexts)


def _relay(_options: argparse.Namespace) -> int:
    from infrastructure.cli.roles import run_relay

    return run_relay()


def _sandbox(options: argparse.Namespace) -> int:
    if options.sandbox_action == "fault":
        from infrastructure.cli.faults import set_fault

        return set_fault(options)
    from infrastructure.cli.sandbox import run_sandbox

    return run_sandbox(
        host=options.host,
        port=options.port,
        data_dir=options.data_dir,
        ready_file=options.ready_file,
    )


def _migrate(options: argparse.Namespace) -> int:
    from infrastructure.cli.tools import migrate

    return migrate(after_restore=options.after_restore)


def _verify(_options: argparse.Namespace) -> int:
    from infrastructure.cli.tools import verify

    return verify()


def _provider(options: argparse.Namespace) -> int:
    from infrastructure.cli.providers import list_providers, switch

    if options.action == "list":
        return list_providers(options.up_dir)
    return switch(
        options.name,
        enabled=options.action == "enable",
        reason=options.reason,
        operator=options.by,
        up_dir=options.up_dir,
    )


def _compliance(options: argparse.Namespace) -> int:
    from infrastructure.cli.compliance import decide, list_reviews

    if options.action == "list":
        return list_reviews(options.up_dir, limit=options.limit, after=options.after)
    approves = options.action == "approve"
    return decide(
        options.id,
        approves=approves,
        reason=options.reason,
        operator=options.by,
        up_dir=options.up_dir,
    )


def _suspense(options: argparse.Namespace) -> int:
    from infrastructure.cli.suspense import list_cases, resolve_case, show_case

    if options.action == "list":
        return list_cases(options.up_dir, limit=options.limit, after=options.after)
    if options.action == "show":
        return show_case(options.id, up_dir=options.up_dir)
    return resolve_case(
        options.id,
        options.end,
        transaction=options.transaction,
        reason=options.reason,
        operator=options.by,
        up_dir=options.up_dir,
    )


def _user(options: argparse.Namespace) -> int:
    from domain.shared.decision import KycLevel, RiskTier
    from infrastructure.cli.compliance import decide_on_user

    return decide_on_user(
        KycLevel if options.action == "set-kyc" else RiskTier,
        options.name,
        options.value,
        reason=options.reason,
        operator=options.by,
        up_dir=options.up_dir,
    )


def _export_schema(_options: argparse.Namespace) -> int:
    from infrastructure.cli.entry_points import sdl

    print(sdl()().rstrip())
    return 0


def _demo(options: argparse.Namespace) -> int:
    from infrastructure.cli.entry_points import demo

    ready_file = options.ready_file or options.data_dir / "ready.json"
    if not ready_file.is_file():
        raise StartupError(f"there is no {ready_file}: start `diboas up` first")
    return demo()(options, ready_file)


_COMMANDS: Final[Mapping[str, Callable[[argparse.Namespace], int]]] = {
    "up": _up,
    "api": _api,
    "worker": _worker,
    "relay": _relay,
    "sandbox": _sandbox,
    "migrate": _migrate,
    "verify": _verify,
    "compliance": _compliance,
    "suspense": _suspense,
    "user": _user,
    "export-schema": _export_schema,
    "provider": _provider,
    "demo": _demo,
}
