#!/usr/bin/env python3
"""Measures the personas of whole runs of the program against what was planted, and against the bars that are written here.

    .ci/personas [--long] [--driftline PATH] [--report-only] [--json FILE]

Short: the fictional company of `driftline simulate` with two seeds (markets de, fr and gb, 2024Q3 to 2025Q4), and one seed of each shop of
shops.py (2024Q1 to 2025Q4). Long: 20 seeds of the company (with the market that opens late), 20 of the shop `steady`, 5 of each other shop, and
the real data: complete-journey, and online-retail where it is at hand. At most two runs at a time; everything lies under target/personas.

What is measured:

* `ARI`: adjusted Rand index of persona against the group acted like (truth/market=*/groups), of the active customers in a persona; `ARI with other`: of
  all active, those in no persona as a class of their own; `tenure ARI`: in shops, against thirds of the days since the first purchase.
* `known in a persona`: of the active with three or more purchase days ever, the share in a persona.
* `personas`: their number, against the planted groups with 30 or more active members.
* events: see planted.py, which says when each is due and what is found, missed or false.
* `change`: of those active and in a persona in both quarters, the share in another one; not counted are those whose persona of before ended, or whose
  persona of now is new.
* every claim of a name (`claims`): true of at least 60 % of the members, more often than of everyone active, as the report says.
* forecasts: see forecasts.py.
* every rule: precision and coverage on the published table are those that the report says.

A report without `personas.events` (of a program before there were any) has its events read from the sentences of lineage.
"""
import argparse
import concurrent.futures
import contextlib
import datetime
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import figures
import forecasts
import planted
import rules
import shops

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = ROOT / "target" / "personas"
SHARED = ROOT / os.environ.get("DRIFTLINE_SHARED", "../shared")
NOW = "2026-01-05T06:00:00Z"
OTHER = 99  # the segment of active customers unlike any persona
COMPANY, LATE, SHOP = "2024Q3..2025Q4", "2025Q1..2025Q4", "2024Q1..2025Q4"
SHOWN = 12  # cases of a kind that are printed
SHARE_TOLERANCE = 1e-3  # a share of a report, against the same from the published table

# What some runs must reach; the rest is in `bars`.
CHANGE_MOST = {"steady": 0.01, "complete-journey": 0.04, "online-retail": 0.10}
TENURE_ARI_MOST = {"once": 0.02, "grow": 0.06}


class Failed(Exception):
    pass


# The program.

class Program:
    def __init__(self, path):
        self.path = path
        self.environment = {name: value for name, value in os.environ.items() if name not in ("RUST_LOG", "DRIFTLINE_PSEUDONYM_KEY")}
        self.lock = threading.Lock()

    def call(self, *arguments):
        run = subprocess.run([str(self.path), *map(str, arguments)], cwd=ROOT, env=self.environment, capture_output=True, text=True)
        if run.returncode != 0:
            raise Failed(f"driftline {' '.join(map(str, arguments))}\nended with {run.returncode}: {run.stderr.strip()[-2000:]}")
        return run.stdout

    def publish(self, project, job, exports, warehouse, periods, markets):
        chosen = [part for market in markets for part in ("--market", market)]
        self.call("--project", project, "--json", "run", f"jobs/{job}.toml", *chosen, "--period", periods, "--now", NOW,
                  "--set", f"exports.url={exports}", "--set", f"warehouse.url={warehouse}")

    def own_project(self):
        """A project of `driftline init`, made once."""
        project = WORK / "project"
        with self.lock:
            if not project.exists():
                self.call("init", project)
        return project


# Reports as they were published.

class Report:
    """One report and the table of its customers. Columns are numbers, truths or texts; decimals are numbers."""

    def __init__(self, folder):
        self.document = json.loads((folder / "report.json").read_text())
        self.period = self.document["period"]
        table = pq.read_table(folder / "tables" / "customers.parquet")
        self.columns = {name: values_of(table.column(name)) for name in table.column_names}
        self.customers = table.column("customer_key").to_numpy()
        self.active = self.columns["is_active"]
        self.segments = table.column("segment").to_numpy()
        personas = self.document["personas"]
        self.personas = personas["personas"]
        self.key_of_segment = {persona["segment"]: persona["key"] for persona in self.personas}
        keys = np.array([self.key_of_segment.get(segment, "") for segment in self.segments.tolist()], object)
        self.persona = np.where(self.active, keys, "")
        self.events = personas["events"] if "events" in personas else events_of_sentences(personas, self.document["previous_period"])
        self.shares_file = folder / "tables" / "customer_shares.parquet"
        self.shares_read = None

    def members(self):
        found = {key: set() for key in self.key_of_segment.values()}
        for customer, key in zip(self.customers.tolist(), self.persona):
            if key:
                found[key].add(customer)
        return found

    def in_personas(self):
        return {customer: key for customer, key in zip(self.customers.tolist(), self.persona) if key}

    def share(self, habit, item):
        """A share of every customer, from the published table of shares; 0 where it has no row."""
        if self.shares_read is None:
            if not self.shares_file.exists():
                raise rules.RuleError("shares are not published (customer_shares)")
            table = pq.read_table(self.shares_file)
            shares = values_of(table.column("share"))
            place = {customer: row for row, customer in enumerate(self.customers.tolist())}
            self.shares_read = {}
            for customer, of, what, share in zip(table.column("customer_key").to_pylist(), table.column("habit").to_pylist(),
                                                 table.column("item").to_pylist(), shares):
                values = self.shares_read.setdefault((of, what), np.zeros(len(self.customers)))
                if customer in place:
                    values[place[customer]] = share
        if (habit, item) not in self.shares_read:
            raise rules.RuleError(f"no share of {habit}, {item} is published")
        return self.shares_read[(habit, item)]


def values_of(column):
    kind = column.type
    if pa.types.is_boolean(kind):
        return column.fill_null(False).to_numpy()
    if pa.types.is_decimal(kind):
        # Arrow's own cast multiplies by a power of ten that no double holds: .2 came out below .2.
        return np.array([np.nan if value is None else float(value) for value in column.to_pylist()])
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return column.cast(pa.float64(), safe=False).to_numpy()
    return np.array(column.to_pylist(), object)


def events_of_sentences(personas, previous_period):
    """The events of a report that has only sentences of lineage."""
    if previous_period is None:
        return []
    found = []
    for persona in personas["personas"]:
        for start, kind in (("split from", "split"), ("merged from", "merged"), ("emerged", "born")):
            if persona["lineage"].startswith(start):
                found.append({"kind": kind, "key": persona["key"], "from": persona["parents"], "customers": persona["customers"]})
    for ended in personas["ended"]:
        if ended["sentence"].startswith("faded"):
            kind = "faded" if "no longer active" in ended["sentence"] else "closed"
            found.append({"kind": kind, "key": ended["key"], "from": [], "customers": None})
    return found


def reports_of(warehouse, job, market):
    """Every published period in order, in its newest revision."""
    found = []
    for period in sorted((warehouse / job / market).glob("*/runs")):
        newest = max(period.iterdir(), key=lambda folder: folder.name)
        found.append(Report(newest))
    return found


def last_day(period):
    """First day after a calendar quarter, and its days."""
    year, quarter = int(period[:4]), int(period[-1])
    first = datetime.date(year, 3 * quarter - 2, 1)
    end = datetime.date(year + quarter // 4, 3 * quarter % 12 + 1, 1)
    return (end - first).days


# What is measured of any report.

def claims_and_rules(report):
    """Untrue claims, rules whose figures differ, and how many of both were looked at."""
    found = {"claims": 0, "claims_wrong": [], "rules": 0, "rules_wrong": [], "precision": [], "coverage": [], "names_wrong": []}
    active = report.active
    names = {}
    for persona in report.personas:
        bare = re.sub(r"[\d\s().#]+", " ", persona["label"]).strip().lower()
        names.setdefault(bare, []).append(persona["label"])
        members = active & (report.persona == persona["key"])
        for claim in persona.get("claims") or []:
            found["claims"] += 1
            try:
                meets = rules.matches(claim["condition"], report.columns, report.share)
            except rules.RuleError as problem:
                found["claims_wrong"].append(f"{persona['key']}: {problem}")
                continue
            of_members, of_everyone = mean(meets[members]), mean(meets[active])
            says = [(claim.get("members"), of_members), (claim.get("everyone"), of_everyone)]
            differs = [f"says {said}, is {share:.4f}" for said, share in says if said is not None and abs(said - share) > SHARE_TOLERANCE]
            if of_members < 0.6 or of_members <= of_everyone or differs:
                found["claims_wrong"].append(f"{persona['key']}: {claim['condition']}: {of_members:.3f} of members, {of_everyone:.3f} of everyone "
                                             + "; ".join(differs))
        rule = persona.get("rule")
        if rule:
            found["rules"] += 1
            try:
                reader = rules.Reader(rule["rule"], report.columns, report.share)
                meets = reader.whole() & active
            except rules.RuleError as problem:
                found["rules_wrong"].append(f"{persona['key']}: {problem}")
                continue
            both = (meets & members).sum()
            precision, coverage = both / max(meets.sum(), 1), both / max(members.sum(), 1)
            found["precision"].append(float(precision))
            found["coverage"].append(float(coverage))
            differs = [f"{name} {said}, is {share:.4f}" for name, said, share in
                       (("precision", rule.get("precision"), precision), ("coverage", rule.get("coverage"), coverage))
                       if said is not None and abs(said - share) > SHARE_TOLERANCE]
            if reader.conditions > 3:
                differs.append(f"{reader.conditions} conditions")
            if differs:
                found["rules_wrong"].append(f"{persona['key']}: {rule['rule']}: {'; '.join(differs)}")
    found["names_wrong"] = [labels for labels in names.values() if len(labels) > 1]
    return found


def mean(values):
    return float(np.mean(values)) if len(values) else 0.0


def measured(where, reports):
    """Of one market's reports: rows of what needs no truth."""
    rows = []
    for number, report in enumerate(reports):
        row = dict(where, period=report.period, personas=len(report.personas), active=int(report.active.sum()),
                   other=mean((report.persona == "")[report.active]), events=report.events, **claims_and_rules(report))
        known = report.active & (report.columns["purchase_days"] >= 3)
        row["known"] = int(known.sum())
        row["known_in_persona"] = mean((report.persona != "")[known]) if known.any() else None
        inside = report.persona != ""
        row["tenure_ari"] = figures.adjusted_rand(report.persona[inside], figures.thirds(report.columns["age_days"][inside]))
        if number:
            row["changed"], row["stayed_active"] = figures.changed(reports[number - 1].in_personas(), report.in_personas())
        rows.append(row)
    return rows


# The runs.

@contextlib.contextmanager
def whole(folder, reuse):
    """An empty folder to publish into, or, to be used again, one in which everything was published; says which."""
    done = folder / "done"
    is_there = reuse and done.exists()
    if not is_there:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    yield is_there
    done.touch()


def company(program, seed, with_late_market, reuse):
    """The fictional company of one seed: de and fr, then gb."""
    folder = WORK / "simulated" / str(seed)
    exports, warehouse = folder / "demo" / "exports", folder / "warehouse"
    jobs = [("simulated", ["de", "fr"], COMPANY), ("simulated-gb", ["gb"], COMPANY)] + [("simulated", ["at"], LATE)] * with_late_market
    with whole(folder, reuse) as is_there:
        if not is_there:
            program.call("simulate", folder / "demo", "--seed", seed)
            for job, markets, periods in jobs:
                program.publish(ROOT, job, exports, warehouse, periods, markets)
    return [of_company(folder / "demo", seed, market, reports_of(warehouse, job, market))
            for job, markets, _ in jobs for market in markets if (warehouse / job / market).exists()]


def truth_of(demo, market):
    """Period → (pseudonym → group)."""
    table = pq.read_table(demo / "truth" / f"market={market}" / "groups")
    ids = table.column("customer_id").to_pylist()
    unique = list(dict.fromkeys(ids))
    keys = dict(zip(unique, figures.pseudonyms(unique).tolist()))
    groups = {}
    for customer, period, group in zip(ids, table.column("period").to_pylist(), table.column("group").to_pylist()):
        groups.setdefault(period, {})[keys[customer]] = group
    return groups


def of_company(demo, seed, market, reports):
    where = {"what": "simulated", "seed": seed, "market": market}
    groups = truth_of(demo, market)
    rows = measured(where, reports)
    quarters = []
    for row, report in zip(rows, reports):
        of = groups[report.period]
        keys = report.customers.tolist()
        strangers = sum(customer not in of for customer in keys)
        if strangers:
            raise Failed(f"{where}: {strangers} of {len(keys)} published customers are not in the truth of {report.period}")
        group = np.array([of[customer] for customer in keys], object)
        inside, active = report.persona != "", report.active
        row["ari"] = figures.adjusted_rand(report.persona[inside], group[inside])
        row["ari_with_other"] = figures.adjusted_rand(report.persona[active], group[active])
        names, counts = np.unique(group[active].astype(str), return_counts=True)
        row["planted"] = int((counts >= planted.MEMBERS_MIN).sum())
        row["groups"] = dict(zip(names.tolist(), counts.tolist()))
        is_active = dict(zip(np.array(keys)[active].tolist(), group[active]))
        recency = dict(zip(keys, report.columns["recency_days"]))
        quarters.append(planted.Quarter(report.period, last_day(report.period), is_active, recency, report.members(), report.events))
    truth = json.loads((demo / "truth.json").read_text())["planted"]
    if market == "at":
        # Its personas are the parent's; there is no lineage of its own to judge.
        return {"where": where, "rows": rows, "planted": [], "false": [], "forecasts": forecasts.of_market(where, reports)}
    found, false = planted.judge(quarters, truth, groups)
    return {"where": where, "rows": rows, "planted": found, "false": false, "forecasts": forecasts.of_market(where, reports)}


def shop(program, name, seed, reuse):
    folder = WORK / name / str(seed)
    exports, warehouse = folder / "exports", folder / "warehouse"
    with whole(folder, reuse) as is_there:
        if not is_there:
            shops.write(name, exports, seed)
            program.publish(program.own_project(), "quarterly", exports, warehouse, SHOP, ["de"])
    reports = reports_of(warehouse, "quarterly", "de")
    where = {"what": name, "seed": seed, "market": "de"}
    false = [{"period": report.period, "event": event, "why": "nothing happens in this shop"}
             for report in reports for event in report.events]
    if name == "grow":
        false = [wrong for wrong in false if not is_of_new_product(wrong, exports, reports)]
    return [{"where": where, "rows": measured(where, reports), "planted": [], "false": false, "forecasts": forecasts.of_market(where, reports)}]


def is_of_new_product(wrong, exports, reports):
    """An event of the shop `grow` that its new product or its baskets explain: at least half of the people have bought a kettle, or at least
    half an order of two, and not yet in a first report."""
    table = pq.read_table(exports / "market=de" / "order_lines" / "part-0.parquet").to_pydict()
    number = [report.period for report in reports].index(wrong["period"])
    if number == 0:
        return False
    kettle, lines = set(), {}
    for order, customer, product in zip(table["order_id"], table["customer_id"], table["product"]):
        lines[(order, customer)] = lines.get((order, customer), 0) + 1
        if product == "kettle":
            kettle.add(customer)
    basket = {customer for (_, customer), count in lines.items() if count > 1}
    for report in (reports[number], reports[number - 1]):
        people = report.members().get(wrong["event"]["key"], set())
        for right in (kettle, basket):
            keys = set(figures.pseudonyms(sorted(right)).tolist())
            if people and len(people & keys) >= len(people) / 2:
                return True
    return False


def real(program, job, market, periods, exports, reuse):
    warehouse = WORK / job / "warehouse"
    with whole(WORK / job, reuse) as is_there:
        if not is_there:
            program.publish(ROOT, job, exports, warehouse, periods, [market])
    reports = reports_of(warehouse, job, market)
    where = {"what": job, "seed": None, "market": market}
    false = [{"period": report.period, "event": event, "why": "not explained"} for report in reports for event in report.events]
    return [{"where": where, "rows": measured(where, reports), "planted": [], "false": false, "forecasts": forecasts.of_market(where, reports)}]


# What is said.

def summary(results):
    """Everything that is printed and judged, as one document."""
    whats = list(dict.fromkeys(result["where"]["what"] for result in results))
    document = {}
    for what in whats:
        of = [result for result in results if result["where"]["what"] == what]
        main = [result for result in of if result["where"]["market"] != "at"]
        rows = [row for result in main for row in result["rows"]]
        false = [dict(result["where"], **wrong) for result in main for wrong in result["false"]]
        with_false = {(wrong["seed"], wrong["market"], wrong["period"]) for wrong in false}
        moves = [row["changed"] / row["stayed_active"] for row in rows if row.get("stayed_active")]
        entry = {
            "runs": len(main), "reports": len(rows), "false_events": false, "reports_with_false": len(with_false),
            "change": {"mean": mean(moves), "highest": max(moves, default=0.0)},
            "personas": spread([row["personas"] for row in rows]), "other": mean([row["other"] for row in rows]),
            "tenure_ari": spread([row["tenure_ari"] for row in rows]),
            "known_in_persona": spread([row["known_in_persona"] for row in rows if row["known_in_persona"] is not None]),
            "claims": sum(row["claims"] for row in rows), "rules": sum(row["rules"] for row in rows),
            "precision": spread([value for row in rows for value in row["precision"]]),
            "coverage": spread([value for row in rows for value in row["coverage"]]),
            "claims_wrong": listed(rows, "claims_wrong"), "rules_wrong": listed(rows, "rules_wrong"), "names_wrong": listed(rows, "names_wrong"),
        }
        if what == "simulated":
            entry["ari"] = spread([row["ari"] for row in rows])
            entry["ari_with_other"] = spread([row["ari_with_other"] for row in rows])
            entry["personas_as_planted"] = mean([row["personas"] == row["planted"] for row in rows])
            entry["personas_off"] = mean([abs(row["personas"] - row["planted"]) for row in rows])
            entry["ari_by"] = {name: {value: mean([row["ari"] for row in rows if row[name] == value])
                                      for value in sorted({row[name] for row in rows})} for name in ("market", "period")}
            entry["planted"] = {}
            for result in main:
                for event in result["planted"]:
                    counts = entry["planted"].setdefault(event["name"], {})
                    counts[event["outcome"]] = counts.get(event["outcome"], 0) + 1
            entry["lowest"] = [short(row, "ari") for row in sorted(rows, key=lambda row: row["ari"])[:5]]
            entry["not_found"] = [dict(result["where"], **event) for result in main for event in result["planted"]
                                  if event["outcome"] not in ("first", "second")]
            late = [row for result in of if result["where"]["market"] == "at" for row in result["rows"]]
            entry["late_market"] = [short(row, "ari", "personas", "planted") for row in late]
        entry["most_changes"] = [dict(short(row), change=round(row["changed"] / row["stayed_active"], 4)) for row in
                                 sorted((row for row in rows if row.get("stayed_active")), key=lambda row: -row["changed"] / row["stayed_active"])[:3]]
        document[what] = entry
    return document


def short(row, *names):
    return {name: round(row[name], 4) if isinstance(row[name], float) else row[name] for name in ("seed", "market", "period", *names)}


def listed(rows, name):
    return [{"seed": row["seed"], "market": row["market"], "period": row["period"], "what": what} for row in rows for what in row[name]]


def spread(values):
    if not values:
        return {"mean": None, "lowest": None, "highest": None}
    return {"mean": mean(values), "lowest": float(min(values)), "highest": float(max(values))}


def bars(document):
    """(words, is it reached) of everything that is asked for and was measured."""
    found = []
    bar = lambda words, reached: found.append((words, bool(reached)))
    entry = document.get("simulated")
    if entry:
        ari, known = entry["ari"], entry["known_in_persona"]
        bar(f"company: mean ARI {ari['mean']:.3f}, at least .95", ari["mean"] >= 0.95)
        bar(f"company: lowest ARI {ari['lowest']:.3f}, at least .85", ari["lowest"] >= 0.85)
        bar(f"company: in a persona, of the active with three or more purchase days, {known['lowest']:.1%} in the lowest report, at least 90 %",
            known["lowest"] >= 0.9)
        outcomes = [(name, outcome, count) for name, counts in entry["planted"].items() for outcome, count in counts.items()]
        right = sum(count for _, outcome, count in outcomes if outcome in ("first", "second"))
        all_due = right + sum(count for _, outcome, count in outcomes if outcome == "missed")
        bar(f"company: planted events found {right} of {all_due}, at least 95 %", right >= 0.95 * all_due)
        quiet = entry["reports"] - entry["reports_with_false"]
        bar(f"company: reports without a false event {quiet} of {entry['reports']}, at least 98 %", quiet >= 0.98 * entry["reports"])
    for what, entry in document.items():
        if what in ("steady", "once", "grow", "complete-journey", "online-retail"):
            more = " but of the new product and baskets" if what == "grow" else ""
            bar(f"{what}: lineage events{more} {len(entry['false_events'])}, none", not entry["false_events"])
        if what in TENURE_ARI_MOST:
            most, highest = TENURE_ARI_MOST[what], entry["tenure_ari"]["highest"]
            bar(f"{what}: highest tenure ARI {highest:.3f}, at most {most}", highest <= most)
        if what in CHANGE_MOST:
            most, highest = CHANGE_MOST[what], entry["change"]["highest"]
            bar(f"{what}: changed persona in the quarter with most {highest:.1%}, at most {most:.0%}", highest <= most)
        # A program before there were claims and rules has none.
        if entry["claims"]:
            bar(f"{what}: claims that are not true {len(entry['claims_wrong'])} of {entry['claims']}, none", not entry["claims_wrong"])
        if entry["rules"]:
            bar(f"{what}: rules with other figures {len(entry['rules_wrong'])} of {entry['rules']}, none", not entry["rules_wrong"])
        bar(f"{what}: reports with personas that share a name but for a number {len(entry['names_wrong'])}, none", not entry["names_wrong"])
    return found


def say(document):
    number = lambda value: "–" if value is None else f"{value:.3f}"
    if "simulated" in document:
        entry = document["simulated"]
        print(f"\n== company: {entry['runs']} market-runs, {entry['reports']} reports")
        print(f"{'':44}{'mean':>8}{'lowest':>8}")
        for name, words in (("ari", "ARI, in a persona"), ("ari_with_other", "ARI, other as a class"), ("known_in_persona", "known in a persona")):
            print(f"{words:44}{number(entry[name]['mean']):>8}{number(entry[name]['lowest']):>8}")
        for values in entry["ari_by"].values():
            print("  ARI of " + ", ".join(f"{name} {value:.3f}" for name, value in values.items()))
        print(f"{'as many personas as planted groups':44}{entry['personas_as_planted']:>8.3f}   (off by {entry['personas_off']:.2f} on average)")
        print(f"{'change of persona a quarter':44}{entry['change']['mean']:>8.3f}   (highest {entry['change']['highest']:.3f})")
        print(f"{'in no persona':44}{entry['other']:>8.3f}")
        print(f"\n{'planted':12}{'first':>8}{'second':>8}{'missed':>8}{'open':>8}{'too few':>9}")
        for name, counts in entry["planted"].items():
            few = counts.get("too few", 0) + counts.get("found though too few", 0)
            print(f"{name:12}{counts.get('first', 0):>8}{counts.get('second', 0):>8}{counts.get('missed', 0):>8}{counts.get('open', 0):>8}{few:>9}")
        print(f"false events: {len(entry['false_events'])}, in {entry['reports_with_false']} of {entry['reports']} reports")
    others = [what for what in document if what != "simulated"]
    if others:
        print(f"\n{'':18}{'runs':>5}{'reports':>9}{'personas':>10}{'events':>8}{'change':>8}{'highest':>9}{'tenure ARI':>12}{'highest':>9}{'no persona':>12}")
        for what in others:
            entry = document[what]
            personas = f"{entry['personas']['lowest']:.0f}–{entry['personas']['highest']:.0f}"
            print(f"{what:18}{entry['runs']:>5}{entry['reports']:>9}{personas:>10}{len(entry['false_events']):>8}{entry['change']['mean']:>8.3f}"
                  f"{entry['change']['highest']:>9.3f}{entry['tenure_ari']['mean']:>12.3f}{entry['tenure_ari']['highest']:>9.3f}{entry['other']:>12.3f}")
    print(f"\n{'':18}{'claims':>8}{'untrue':>8}{'rules':>8}{'wrong':>8}{'precision':>11}{'lowest':>8}{'coverage':>10}{'lowest':>8}{'shared names':>14}")
    for what, entry in document.items():
        print(f"{what:18}{entry['claims']:>8}{len(entry['claims_wrong']):>8}{entry['rules']:>8}{len(entry['rules_wrong']):>8}"
              f"{number(entry['precision']['mean']):>11}{number(entry['precision']['lowest']):>8}{number(entry['coverage']['mean']):>10}"
              f"{number(entry['coverage']['lowest']):>8}{len(entry['names_wrong']):>14}")
    print("\n== worst cases")
    place = lambda row: " ".join(str(row[name]) for name in ("seed", "market", "period") if row[name] is not None)
    for what, entry in document.items():
        for row in entry.get("lowest", []):
            print(f"{what}: ARI {row['ari']:.3f}: {place(row)}")
        same = {}
        for row in entry.get("not_found", []):
            same.setdefault((row["name"], row["outcome"]), []).append(f"{row['seed']} {row['market']}")
        for (name, outcome), places in same.items():
            print(f"{what}: {name} {outcome}: {', '.join(places[:SHOWN])}{f' and {len(places) - SHOWN} more' if len(places) > SHOWN else ''}")
        for row in entry["false_events"][:SHOWN]:
            people = f", people {row['people']}" if row.get("people") else ""
            print(f"{what}: {row['event']['kind']} {row['event']['key']} {row['why']}: {place(row)}{people}")
        if len(entry["false_events"]) > SHOWN:
            print(f"{what}: … and {len(entry['false_events']) - SHOWN} more (--json has all)")
        for row in entry["most_changes"]:
            if row["change"] > 0:
                print(f"{what}: {row['change']:.1%} changed persona: {place(row)}")
        for name in ("claims_wrong", "rules_wrong", "names_wrong"):
            for row in entry[name][:10]:
                print(f"{what}: {name.replace('_', ' ')}: {place(row)}: {row['what']}")
        for row in entry.get("late_market", []):
            print(f"{what}: the market that opens late: ARI {row['ari']:.3f}, {row['personas']} personas, {row['planted']} planted groups of 30: {place(row)}")


def numbers(text):
    """1-3,7 → [1, 2, 3, 7]"""
    found = []
    for part in text.split(","):
        low, _, high = part.partition("-")
        found.extend(range(int(low), int(high or low) + 1))
    return found


def tasks(given, program):
    """Name → what to do, longest first."""
    chosen = set(given.only.split(",")) if given.only else None
    wants = lambda what: chosen is None or what in chosen
    seeds = numbers(given.seeds) if given.seeds else range(1, 21 if given.long else 3)
    found = []
    if given.long or (chosen and "real" in chosen):
        online = SHARED / "data" / "online_retail"
        if wants("real") and online.exists():
            found.append(("online-retail gb", lambda: real(program, "online-retail", "gb", "2010Q3..2011Q3", online, given.reuse)))
        if wants("real"):
            exports = ROOT / "tests" / "exports" / "complete_journey"
            found.append(("complete-journey us", lambda: real(program, "complete-journey", "us", "2017Q2..2017Q4", exports, given.reuse)))
    if wants("simulated"):
        for seed in seeds:
            found.append((f"company, seed {seed}", lambda seed=seed: company(program, seed, given.long, given.reuse)))
    for name in shops.SHOPS:
        if wants(name):
            own = given.seeds and numbers(given.seeds) or range(1, (21 if name == "steady" else 6) if given.long else 2)
            found.extend((f"{name}, seed {seed}", lambda name=name, seed=seed: shop(program, name, seed, given.reuse)) for seed in own)
    return found


def program_path(given):
    """The program that is asked for, or that was built."""
    built = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target")) / "debug" / "driftline"
    path = (ROOT / (given or built)).resolve()
    if not path.exists():
        sys.exit(f"error: no program at {path}; `cargo build` makes it")
    return path


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--driftline", type=pathlib.Path, help="the program; default target/debug/driftline")
    arguments.add_argument("--long", action="store_true", help="the long form")
    arguments.add_argument("--seeds", help="other seeds, like 1-5,9")
    arguments.add_argument("--only", help="some of simulated, once, grow, bikes, steady, seasons, cohort, real, like simulated,steady")
    arguments.add_argument("--reuse", action="store_true", help="measure again what was published before by the same seeds; nothing is run that lies there")
    arguments.add_argument("--report-only", action="store_true", help="exit 0 even if a bar is missed")
    arguments.add_argument("--json", type=pathlib.Path, help="all measures, as a file")
    given = arguments.parse_args()
    program = Program(program_path(given.driftline))
    if not given.reuse:
        shutil.rmtree(WORK / "project", ignore_errors=True)
    start, results, problems = time.monotonic(), [], []

    def do(task):
        name, work = task
        began = time.monotonic()
        try:
            done = work()
        except (Failed, OSError, KeyError, ValueError) as problem:
            print(f"{name}: FAILED: {problem}", flush=True)
            problems.append(name)
            return []
        print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
        return done

    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for done in pool.map(do, tasks(given, program)):
            results.extend(done)
    document = summary(results)
    say(document)
    judged = forecasts.by_kind([row for result in results for row in result["forecasts"]])
    forecasts.say(judged)
    reached = bars(document) + forecasts.bars(judged)
    if given.json:
        text = json.dumps({"summary": document, "bars": [{"what": words, "reached": yes} for words, yes in reached], "forecasts": judged, "results": results}, indent=1)
        given.json.write_text(text + "\n")
    print(f"\n== bars ({time.monotonic() - start:.0f} s)")
    for words, yes in reached:
        print(f"{'reached' if yes else 'MISSED '}  {words}")
    for name in problems:
        print(f"MISSED   {name} could not be run or read")
    missed = [words for words, yes in reached if not yes] + problems
    if missed:
        print(f"\n{len(missed)} of {len(reached) + len(problems)} bars missed")
    sys.exit(1 if missed and not given.report_only else 0)


if __name__ == "__main__":
    main()
