"""What `driftline simulate` plants, when a report should say so, and which events of reports are it.

Of every market's reports, in order (quarters are counted from 0, the first report):

* **birth** (premium) is due in the first quarter in which the group has 30 active members.
* **split** (gifters) is due in the first quarter, from the planted one on, in which both halves have 30 active members.
* **merge** (students and starters) is due in the planted quarter, if both kinds had 30 active members in the quarter before: else there were no
  two personas that could merge.
* **fade** (faders) is due in the first quarter, from the second report on, in which fewer than half of those who acted like faders and
  were active at the end of the quarter before have a purchase day in the quarter, if those were 30 or more.

A planted event is *found* if in that quarter or the next one a report has an event of its kind whose people are the right ones: at least half of the
members of the event's persona are of the group planted (`born`, `split`, `merged`: its members now; `faded`: its members in the
quarter before). Found before it is due, but not before it is planted, counts as found at once: a group may be told apart
before it has 30 members that are truly its own. Not found, with two quarters seen, is *missed*; with only the first one seen it is
*open* and not counted.

Every other event is false: in a first report, of the wrong people, of the wrong kind, too late, or once more. Two exceptions: events of one quarter that have
the same kind and origin are one event (both parts of a split are listed), and a persona of faders that is `closed`, or `faded` again,
once its fade is due is the end of what was planted.
"""
from dataclasses import dataclass, field

import numpy as np

MEMBERS_MIN = 30
KIND_OF_EVENT = {"born": "birth", "split": "split", "merged": "merge", "faded": "fade"}
GROUPS = {"birth": {"premium"}, "split": {"gifters", "gifters_often"}, "merge": {"students_and_starters"}, "fade": {"faders"}}


@dataclass
class Quarter:
    """A report, as far as events go."""
    period: str
    days: int                  # of the period
    active: dict               # customer → group acted like, of everyone active
    recency: dict              # customer → days since the last purchase day
    members: dict              # persona key → set of customers
    events: list = field(default_factory=list)

    def count(self, group):
        return sum(value == group for value in self.active.values())


def due(quarters, planted):
    """Name → number of the report in which it is due, or None if it never is; `planted` is that of truth.json."""
    periods = [quarter.period for quarter in quarters]
    after = lambda period: [number for number, name in enumerate(periods) if name >= period]
    first = lambda numbers: next(iter(numbers), None)
    result = {"birth": first(n for n in after(planted["born"]["from"]) if quarters[n].count("premium") >= MEMBERS_MIN)}
    halves = lambda n: min(quarters[n].count("gifters"), quarters[n].count("gifters_often"))
    result["split"] = first(n for n in after(planted["split"]["from"]) if halves(n) >= MEMBERS_MIN)
    merge = first(after(planted["merge"]["from"]))
    kinds = planted["merge"]["kinds"]
    is_seen = merge is not None and merge > 0 and min(quarters[merge - 1].count(kind) for kind in kinds) >= MEMBERS_MIN
    result["merge"] = merge if is_seen else None
    result["fade"] = first(n for n in range(1, len(quarters)) if half_gone(quarters[n - 1], quarters[n]))
    before = result["fade"]
    if before is not None and quarters[before - 1].count("faders") < MEMBERS_MIN:
        result["fade"] = None
    return result


def half_gone(before, now):
    faders = [customer for customer, group in before.active.items() if group == "faders"]
    still = sum(now.recency.get(customer, np.inf) <= now.days for customer in faders)
    return bool(faders) and still < len(faders) / 2


def shares(customers, groups):
    """Group → share of the customers."""
    found = {}
    for customer in customers:
        group = groups.get(customer)
        found[group] = found.get(group, 0) + 1
    return {group: count / len(customers) for group, count in found.items()}


def judge(quarters, planted, groups):
    """What was found and what is false.

    `groups[period]` maps every customer to whom they act like. Returns the planted events (name, due, found: `first`, `second`, `missed`,
    `open` or None if never due) and the false events (period, event, why, people)."""
    expected = due(quarters, planted)
    start = {"birth": planted["born"]["from"], "split": planted["split"]["from"], "merge": planted["merge"]["from"],
             "fade": planted["fading"]["from"]}
    found, false = {}, []
    for number, quarter in enumerate(quarters):
        seen = set()
        for event in quarter.events:
            before = quarters[number - 1] if number else None
            is_end = event["kind"] in ("faded", "closed")
            of = before if is_end and before and event["key"] in before.members else quarter
            people = of.members.get(event["key"], set())
            mix = shares(people, groups[of.period])
            name = KIND_OF_EVENT.get(event["kind"])
            right = lambda name: sum(mix.get(group, 0) for group in GROUPS[name]) >= 0.5
            why = None
            if number == 0:
                why = "in a first report"
            elif is_end and right("fade") and expected["fade"] is not None and number >= expected["fade"] and "fade" in found:
                continue
            elif event["kind"] == "closed" and right("fade") and expected["fade"] is not None and number >= expected["fade"]:
                continue
            elif name is None:
                why = "not planted"
            elif not right(name):
                why = "of other people"
            elif quarter.period < start[name]:
                why = "before it was planted"
            elif (name, tuple(sorted(event.get("from") or []))) in seen:
                continue
            elif name in found:
                why = f"once more, after {quarters[found[name]].period}"
            elif expected[name] is not None and number > expected[name] + 1:
                why = f"too late, due {quarters[expected[name]].period}"
            if why is None:
                found[name] = number
                seen.add((name, tuple(sorted(event.get("from") or []))))
            else:
                most = sorted(mix.items(), key=lambda item: -item[1])[:3]
                false.append({"period": quarter.period, "event": event, "why": why,
                              "people": {str(group): round(share, 3) for group, share in most}})
    rows = []
    for name, number in expected.items():
        if number is None:
            outcome = "found though too few" if name in found else "too few"
        elif name in found:
            outcome = "first" if found[name] <= number else "second"
        else:
            outcome = "missed" if number + 1 < len(quarters) else "open"
        rows.append({"name": name, "due": quarters[number].period if number is not None else None, "outcome": outcome,
                     "found": quarters[found[name]].period if name in found else None})
    return rows, false
