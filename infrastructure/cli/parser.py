"""The grammar of the command line. Others script it: names and options stay."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    _Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  it has no public name

DATA_DIR: Final = Path(".diboas")
PORT: Final = 8000
_INVESTED: Final = ("SOL", "BTC", "ETH", "SUI", "PAXG", "XAUT")
_DAYS_MAX: Final = 400
_REVIEWS_MAX: Final = 499
"""Of a page; one more is read to know whether there are others."""
_PORT_MAX: Final = 65_535
_UP_DIR: Final = "of `diboas up`, where no DATABASE_URL is set"


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="diboas", description="The diBoaS wallet platform.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_up(commands)
    _add_roles(commands)
    _add_sandbox(commands)
    _add_tools(commands)
    _add_provider(commands)
    _add_compliance(commands)
    _add_demo(commands)
    return parser


def _add_up(commands: "_Commands") -> None:
    up = commands.add_parser("up", help="start everything, embedded where no URL is set")
    up.add_argument("--host", default="127.0.0.1", help="address to serve on (%(default)s)")
    up.add_argument(
        "--port", type=_port, default=PORT, help="port to serve on, 0 for a free one (%(default)s)"
    )
    up.add_argument(
        "--data-dir", type=Path, default=DATA_DIR, help="where data lives (%(default)s)"
    )
    up.add_argument("--reset", action="store_true", help="begin with an empty data directory")
    up.add_argument("--no-demo", action="store_true", help="start without the demonstration")
    up.add_argument("--ready-file", type=Path, help="write addresses and demo users there as JSON")


def _add_roles(commands: "_Commands") -> None:
    api = commands.add_parser("api", help="serve GraphQL alone")
    api.add_argument("--host", help="address to serve on (DIBOAS_HOST)")
    api.add_argument("--port", type=_port, help="port to serve on (DIBOAS_PORT)")
    worker = commands.add_parser("worker", help="run reactors, effects, timers and watchers alone")
    worker.add_argument("--contexts", help="names divided by commas (all)")
    commands.add_parser("relay", help="publish events alone")


def _add_sandbox(commands: "_Commands") -> None:
    sandbox = commands.add_parser("sandbox", help="serve the providers' and chains' wire formats")
    sandbox.add_argument("--host", default="127.0.0.1", help="address to serve on (%(default)s)")
    sandbox.add_argument("--port", type=_port, default=0, help="0 for a free one (%(default)s)")
    sandbox.add_argument("--data-dir", type=Path, default=DATA_DIR / "sandbox")
    sandbox.add_argument("--ready-file", type=Path, help="write its addresses there as JSON")
    actions = sandbox.add_subparsers(dest="sandbox_action", metavar="ACTION")
    fault = actions.add_parser("fault", help="have a simulated provider misbehave, or stop it")
    fault.add_argument("kind", help="latency, outage, error, webhook_lost, …; or clear")
    fault.add_argument("--provider", required=True, help="coinbase, stripe, …")
    fault.add_argument("--operation", action="append", help="of the provider; all without any")
    fault.add_argument("--remaining", type=int, help="how often; until cleared without it")
    fault.add_argument("--latency-ms", type=int)
    fault.add_argument("--status", type=int, help="of the kind error")
    fault.add_argument("--hang-ms", type=int, help="of timeouts")
    fault.add_argument("--up-dir", type=Path, default=DATA_DIR, help="of `diboas up`")


def _add_tools(commands: "_Commands") -> None:
    migrate = commands.add_parser("migrate", help="bring the database to this version's schema")
    migrate.add_argument(
        "--after-restore", action="store_true", help="the database came from a dump: go on with it"
    )
    commands.add_parser("verify", help="check the ledger's seals and invariants")
    commands.add_parser("export-schema", help="print the GraphQL schema")


def _add_provider(commands: "_Commands") -> None:
    provider = commands.add_parser("provider", help="see providers, switch one off or on")
    actions = provider.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser(
        "list", help="every provider, whether it may be used, and who said so"
    )
    listing.add_argument("--up-dir", type=Path, default=DATA_DIR, help=_UP_DIR)
    for name, what in (
        ("disable", "begin nothing new with it; what is under way goes on"),
        ("enable", "use it again"),
    ):
        action = actions.add_parser(name, help=what)
        action.add_argument("name", help="as the list shows it")
        _add_decision(action)


def _add_compliance(commands: "_Commands") -> None:
    compliance = commands.add_parser("compliance", help="decide on movements under review")
    actions = compliance.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="what waits for a decision, the oldest first")
    _add_page(listing)
    for name, what in (("approve", "let it go on"), ("refuse", "end it; what is held is freed")):
        action = actions.add_parser(name, help=what)
        action.add_argument("id", help="of the transaction, as the list shows it")
        _add_decision(action)
    suspense = commands.add_parser("suspense", help="decide where something does not fit")
    of_suspense = suspense.add_subparsers(dest="action", required=True, metavar="ACTION")
    waiting = of_suspense.add_parser("list", help="what waits for a person, the oldest first")
    _add_page(waiting)
    shown = of_suspense.add_parser("show", help="what is known of one, and how it may end")
    shown.add_argument("id", help="as the list shows it")
    shown.add_argument("--up-dir", type=Path, default=DATA_DIR, help=_UP_DIR)
    resolving = of_suspense.add_parser("resolve", help="end one")
    resolving.add_argument("id", help="as the list shows it")
    resolving.add_argument(
        "end",
        choices=("keep", "returned", "end"),
        help="keep: what came is the user's; returned: it went back to whoever sent it; end: it has "
        "failed, and nothing had moved",
    )
    resolving.add_argument(
        "--transaction", metavar="HASH", help="by which it was returned: looked up on the chain"
    )
    _add_decision(resolving)
    user = commands.add_parser("user", help="decide on users")
    of_user = user.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, what, values in (
        ("set-kyc", "say how well a user is known", "unverified, basic, advanced or institutional"),
        ("set-risk", "say how much risk a user carries", "low, medium or high"),
    ):
        action = of_user.add_parser(name, help=what)
        action.add_argument("name", help="@username")
        action.add_argument("value", help=values)
        _add_decision(action)


def _add_page(listing: argparse.ArgumentParser) -> None:
    listing.add_argument("--limit", type=_page, default=50, help="of a page (%(default)s)")
    listing.add_argument(
        "--after", metavar="ID", help="go on behind this one, as the list shows it"
    )
    listing.add_argument("--up-dir", type=Path, default=DATA_DIR, help=_UP_DIR)


def _add_decision(action: argparse.ArgumentParser) -> None:
    action.add_argument("--reason", required=True, help="kept for ever with the decision")
    action.add_argument("--by", help="who decides (the login of this machine)")
    action.add_argument("--up-dir", type=Path, default=DATA_DIR, help=_UP_DIR)


def _add_demo(commands: "_Commands") -> None:
    demo = commands.add_parser("demo", help="act as a demo user")
    actions = demo.add_subparsers(dest="action", required=True, metavar="ACTION")
    send = actions.add_parser("send", help="send USDC and watch it arrive")
    send.add_argument("--from", dest="user", default="alice", help="username (%(default)s)")
    send.add_argument("--to", dest="recipient", default="bob", help="username (%(default)s)")
    send.add_argument("--amount", default="25", help="of USDC (%(default)s)")
    deposit = actions.add_parser("deposit", help="pay in and watch it arrive")
    deposit.add_argument("--amount", default="100", help="in US dollars (%(default)s)")
    deposit.add_argument("--method", default="CARD", help="how to pay (%(default)s)")
    withdraw = actions.add_parser("withdraw", help="take USDC out to another wallet or to a bank")
    withdraw.add_argument("--amount", default="20", help="of USDC (%(default)s)")
    where = withdraw.add_mutually_exclusive_group()
    where.add_argument("--to", help="an address (on Solana a new one)")
    where.add_argument("--bank", action="store_true", help="to a bank account")
    arriving = ("USDC", *_INVESTED)
    withdraw.add_argument(
        "--as",
        dest="target",
        default="USDC",
        choices=arriving,
        help="what arrives at the address (%(default)s)",
    )
    buy = actions.add_parser("buy", help="buy an asset with USDC, or for dollars with --method")
    buy.add_argument("--asset", default="SOL", choices=_INVESTED, help="(%(default)s)")
    buy.add_argument("--amount", default="30", help="of USDC or US dollars (%(default)s)")
    buy.add_argument("--method", help="how to pay: CARD, …")
    sell = actions.add_parser("sell", help="sell an asset for USDC")
    sell.add_argument("--asset", default="SOL", choices=_INVESTED, help="(%(default)s)")
    sell.add_argument("--amount", default="0.1", help="of the asset (%(default)s)")
    strategy = actions.add_parser("strategy", help="put USDC to work, let it earn, take it out")
    strategy.add_argument("--amount", default="100", help="of USDC (%(default)s)")
    strategy.add_argument("--provider", default="kamino", help="whose strategy (%(default)s)")
    strategy.add_argument(
        "--days", type=_days, default=90, help="pass in the sandbox meanwhile (%(default)s)"
    )
    everything = actions.add_parser("all", help="every flow, one after the other")
    own = (deposit, withdraw, buy, sell, strategy, everything)
    for action in own:
        action.add_argument("--user", default="alice", help="username (%(default)s)")
    for action in (send, *own):
        action.add_argument("--data-dir", type=Path, default=DATA_DIR, help="of `diboas up`")
        action.add_argument("--ready-file", type=Path, help="of `diboas up` (in --data-dir)")


def _page(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= _REVIEWS_MAX:
        raise argparse.ArgumentTypeError(f"expected 1 to {_REVIEWS_MAX}, got {text!r}")
    return int(text)


def _days(text: str) -> int:
    if not text.isdecimal() or int(text) > _DAYS_MAX:
        raise argparse.ArgumentTypeError(f"expected days from 0 to {_DAYS_MAX}, got {text!r}")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > _PORT_MAX:
        raise argparse.ArgumentTypeError(f"expected a port from 0 to {_PORT_MAX}, got {text!r}")
    return int(text)
