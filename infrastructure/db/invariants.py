"""The invariants of ledger, log and transactions, as queries that find what breaks them."""

from dataclasses import dataclass
from typing import Final

from infrastructure.db.pool import AnyConnection

VIOLATIONS_SHOWN_MAX: Final = 20  # of one invariant; the first ones tell the story
_QUERY_SECONDS_MAX: Final = 3_600.0  # the largest tables are read whole

# Each query returns one text column: what is wrong. All run in one snapshot, so that commits
# meanwhile are seen whole or not at all.
INVARIANTS: Final[dict[str, str]] = {
    "entries of a journal sum to zero per asset": """
        SELECT format('journal %s: %s %s', journal_id, sum(posted_delta), asset)
        FROM entry GROUP BY journal_id, asset HAVING sum(posted_delta) <> 0""",
    "all entries sum to zero per asset": """
        SELECT format('%s %s', sum(posted_delta), asset)
        FROM entry GROUP BY asset HAVING sum(posted_delta) <> 0""",
    "every entry has its journal, every journal its entries": """
        SELECT format('journal %s: entries of %s accounts, names %s',
            coalesce(j.id, e.journal_id), coalesce(e.accounts, 0), cardinality(j.accounts))
        FROM journal j FULL JOIN (
            SELECT journal_id, count(*) AS accounts FROM entry GROUP BY journal_id
        ) e ON e.journal_id = j.id
        WHERE e.accounts IS DISTINCT FROM cardinality(j.accounts)""",
    "a balance is the fold of its entries": """
        SELECT format('account %s', coalesce(b.account_id, e.account_id))
        FROM balance b FULL JOIN (
            SELECT account_id, count(*) AS entries, max(sequence) AS sequence,
                sum(posted_delta) AS posted, sum(held_delta) AS held, sum(soft_delta) AS soft,
                sum(incoming_delta) AS incoming
            FROM entry GROUP BY account_id
        ) e USING (account_id)
        WHERE b.account_id IS NULL
            OR (b.sequence, b.sequence, b.posted, b.held, b.soft, b.incoming) IS DISTINCT FROM (
                coalesce(e.entries, 0), coalesce(e.sequence, 0), coalesce(e.posted, 0),
                coalesce(e.held, 0), coalesce(e.soft, 0), coalesce(e.incoming, 0))""",
    "an entry's after-values follow from the entry before, and time never goes back": """
        SELECT format('account %s entry %s', account_id, sequence) FROM (
            SELECT e.*,
                lag(sequence, 1, 0::bigint) OVER w AS sequence_before,
                lag(posted_after, 1, 0::numeric) OVER w AS posted_before,
                lag(held_after, 1, 0::numeric) OVER w AS held_before,
                lag(soft_after, 1, 0::numeric) OVER w AS soft_before,
                lag(incoming_after, 1, 0::numeric) OVER w AS incoming_before,
                lag(at) OVER w AS at_before
            FROM entry e WINDOW w AS (PARTITION BY account_id ORDER BY sequence)
        ) e
        WHERE sequence <> sequence_before + 1 OR posted_after <> posted_before + posted_delta
            OR held_after <> held_before + held_delta OR soft_after <> soft_before + soft_delta
            OR incoming_after <> incoming_before + incoming_delta OR at < at_before""",
    "what may be spent is never below the floor": """
        SELECT format('account %s entry %s', e.account_id, e.sequence)
        FROM entry e JOIN balance b USING (account_id)
        WHERE e.posted_after - e.held_after - e.soft_after < b.floor
            OR e.held_after < 0 OR e.soft_after < 0 OR e.incoming_after < 0""",
    "every balance has its account and its asset": """
        SELECT format('account %s', coalesce(a.id, b.account_id))
        FROM account a FULL JOIN balance b ON b.account_id = a.id
        WHERE (a.id, a.asset, a.floor) IS DISTINCT FROM (b.account_id, b.asset, b.floor)""",
    "an entry is in its account's asset": """
        SELECT format('account %s entry %s', e.account_id, e.sequence)
        FROM entry e JOIN account a ON a.id = e.account_id WHERE e.asset <> a.asset""",
    "held, soft and incoming are the open holds": """
        SELECT format('account %s: balance %s/%s/%s, holds %s/%s/%s', b.account_id,
            b.held, b.soft, b.incoming, coalesce(h.held, 0), coalesce(h.soft, 0),
            coalesce(h.incoming, 0))
        FROM balance b FULL JOIN (
            SELECT account_id,
                coalesce(sum(amount - captured - released) FILTER (WHERE kind = 'HARD'), 0) AS held,
                coalesce(sum(amount - captured - released) FILTER (WHERE kind = 'SOFT'), 0) AS soft,
                coalesce(sum(amount - captured - released)
                    FILTER (WHERE kind = 'INCOMING'), 0) AS incoming
            FROM hold GROUP BY account_id
        ) h USING (account_id)
        WHERE (b.held, b.soft, b.incoming) IS DISTINCT FROM
            (coalesce(h.held, 0), coalesce(h.soft, 0), coalesce(h.incoming, 0))""",
    "a transaction that ended holds nothing": """
        SELECT format('transaction %s is %s, hold %s is open', t.id, t.state, h.id)
        FROM hold h JOIN transaction t ON t.id = h.stream_id
        WHERE t.state IN ('COMPLETED', 'FAILED') AND h.captured + h.released < h.amount""",
    "what is owed to the platform is never negative": """
        SELECT format('account %s: %s of which %s held', a.code, b.posted, b.held)
        FROM account a JOIN balance b ON b.account_id = a.id
        WHERE starts_with(a.code, 'fee_due:') AND (a.floor IS DISTINCT FROM 0
            OR b.posted < 0 OR b.held > b.posted OR b.soft <> 0 OR b.incoming <> 0)""",
    "what is owed is collected once, by a hold": """
        SELECT format('account %s: %s paid, %s of its holds captured', a.code,
            coalesce(e.paid, 0), coalesce(h.captured, 0))
        FROM account a
        LEFT JOIN (SELECT account_id, -sum(posted_delta) AS paid FROM entry
            WHERE posted_delta < 0 GROUP BY account_id) e ON e.account_id = a.id
        LEFT JOIN (SELECT account_id, sum(captured) AS captured FROM hold
            GROUP BY account_id) h ON h.account_id = a.id
        WHERE starts_with(a.code, 'fee_due:') AND coalesce(e.paid, 0) <> coalesce(h.captured, 0)""",
    "what a transaction pays of what is owed is what it says": """
        SELECT format('transaction %s says %s, its holds %s', t.id, t.fee_due,
            coalesce(h.captured, 0))
        FROM transaction t LEFT JOIN (
            SELECT stream_id, sum(captured) AS captured, count(*) AS holds FROM hold
            WHERE part = 'fee_due' GROUP BY stream_id
        ) h ON h.stream_id = t.id
        WHERE coalesce(h.holds, 0) > 1 OR (t.state IN ('COMPLETED', 'FAILED')
            AND t.fee_due <> coalesce(h.captured, 0))""",
    "a transaction that ended has used or released its share of the limits": """
        SELECT format('transaction %s is %s, its share is %s', t.id, t.state, l.state)
        FROM limit_use l JOIN transaction t ON t.id = l.stream_id JOIN stream s ON s.id = t.id
        WHERE t.state IN ('COMPLETED', 'FAILED')
            AND (s.handled->>'compliance')::int = s.sequence
            AND l.state <> CASE t.state WHEN 'COMPLETED' THEN 'USED' ELSE 'RELEASED' END""",
    "a completed transaction has its entries": """
        SELECT format('transaction %s', t.id) FROM transaction t
        WHERE t.state = 'COMPLETED' AND NOT EXISTS (
            SELECT FROM journal j JOIN entry e ON e.account_id = ANY (j.accounts)
                AND e.journal_id = j.id
            WHERE j.stream_id = t.id AND e.posted_delta <> 0)""",
    "a stream's sequences have no gap and end at its head": """
        SELECT format('stream %s', coalesce(s.id, o.stream_id)) FROM stream s FULL JOIN (
            SELECT stream_id, count(*) AS events, min(sequence) AS first, max(sequence) AS last
            FROM outbox GROUP BY stream_id
        ) o ON o.stream_id = s.id
        WHERE s.id IS NULL OR s.sequence <> coalesce(o.events, 0)
            OR o.first <> 1 OR o.last <> o.events""",
    "a stream's order in the log is its own order": """
        SELECT format('stream %s event %s', stream_id, sequence) FROM (
            SELECT stream_id, sequence, lag(sequence, 1, 0) OVER (
                PARTITION BY stream_id ORDER BY generation, xid, id) AS before FROM outbox
        ) o WHERE sequence <> before + 1""",
    "nobody handled an event that does not exist": """
        SELECT format('stream %s: %s handled %s of %s', s.id, h.key, h.value, s.sequence)
        FROM stream s, jsonb_each_text(s.handled) h WHERE h.value::int > s.sequence""",
    "an effect that ended is held by nobody": """
        SELECT format('effect %s is %s', id, state) FROM effect
        WHERE state IN ('DONE', 'DECLINED', 'NOT_ATTEMPTED', 'CANCELLED')
            AND (lease_owner IS NOT NULL OR unanswered)""",
    "a user action ends at most once": """
        SELECT format('action %s', action_id) FROM user_action_status
        WHERE status IN ('COMPLETED', 'EXPIRED', 'CANCELLED')
        GROUP BY action_id HAVING count(*) > 1""",
    "a terminal state is not left": """
        SELECT format('transaction %s went from %s to %s', transaction_id, before, state) FROM (
            SELECT transaction_id, state, lag(state) OVER (
                PARTITION BY transaction_id ORDER BY event_sequence, position) AS before
            FROM transaction_history
        ) h
        WHERE before = 'COMPLETED' OR (before = 'FAILED' AND state <> 'COMPENSATING')""",
    "a transaction is where its history ends": """
        SELECT format('transaction %s is %s, its history ends %s', t.id, t.state, h.state)
        FROM transaction t JOIN (
            SELECT DISTINCT ON (transaction_id) transaction_id, state FROM transaction_history
            ORDER BY transaction_id, event_sequence DESC, position DESC
        ) h ON h.transaction_id = t.id
        WHERE h.state <> t.state""",
}


@dataclass(frozen=True, slots=True)
class Violation:
    """Which invariant is broken, and where."""

    invariant: str
    detail: str


async def check(connection: AnyConnection) -> list[Violation]:
    """Everything that is wrong; reads whole tables, so it is for tests and audits."""
    violations: list[Violation] = []
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute("SET LOCAL transaction_timeout = 0")
        await connection.execute("SET LOCAL statement_timeout = 0")
        for name, query in INVARIANTS.items():
            rows = await connection.fetch(
                f"{query} LIMIT {VIOLATIONS_SHOWN_MAX}", timeout=_QUERY_SECONDS_MAX
            )
            violations += [Violation(name, row[0]) for row in rows]
    return violations
