"""Plain numbers about customers in personas: agreement, who changed, who is who."""
import hashlib
import hmac

import numpy as np

DEVELOPMENT_KEY = "driftline development key"


def pseudonym(customer_id, key=DEVELOPMENT_KEY):
    """The first 63 bits of HMAC-SHA256, as sql's `pseudonym(key, id)`."""
    digest = hmac.digest(key.encode(), customer_id.encode(), hashlib.sha256)
    return int.from_bytes(digest[:8], "big") >> 1


def pseudonyms(ids, key=DEVELOPMENT_KEY):
    return np.fromiter((pseudonym(value, key) for value in ids), np.int64, len(ids))


def adjusted_rand(one, other):
    """Hubert and Arabie's adjusted Rand index of two partitions; 1 if both are the same, also if both put everybody into one group."""
    if len(one) < 2:
        return 1.0
    _, a = np.unique(np.asarray(one), return_inverse=True)
    _, b = np.unique(np.asarray(other), return_inverse=True)
    table = np.zeros((a.max() + 1, b.max() + 1))
    np.add.at(table, (a, b), 1)
    pairs = lambda counts: float((counts * (counts - 1) / 2).sum())
    both, rows, columns, all_pairs = pairs(table), pairs(table.sum(1)), pairs(table.sum(0)), len(a) * (len(a) - 1) / 2
    expected, most = rows * columns / all_pairs, (rows + columns) / 2
    # Both in one group, or everybody alone in both: nothing could differ. Of one group against several the index is 0.
    return 1.0 if most == expected else (both - expected) / (most - expected)


def thirds(values):
    """0, 1 or 2: the third of the values that each is in; equal values are in the same."""
    values = np.asarray(values, float)
    if not len(values):
        return np.zeros(0, int)
    return np.digitize(values, np.quantile(values, [1 / 3, 2 / 3]), right=True)


def changed(before, now):
    """Customers who are in a persona in both quarters, and how many of them in another one; `before` and `now` map customer to persona key.

    Those whose persona of before has ended, or whose persona of now is new, are in neither number: that is an event's doing."""
    stayed = set(before.values()) & set(now.values())
    both = [(key, now[customer]) for customer, key in before.items() if customer in now]
    both = [(old, new) for old, new in both if old in stayed and new in stayed]
    return sum(old != new for old, new in both), len(both)
