#!/usr/bin/env python3
"""Measures whether reports are quiet where nothing happens, tell what was planted, and say what they show.

    silence.py [--long] [--driftline PATH] [--plants SEEDS] [--work FOLDER] [--report-only] [--rows FILE]

Reads `report.json` and the mails of the warehouses that measure.py has published, and publishes what is planted into `steady` (plants.py) on copies
of them: only the quarter of the plant is computed, its past is the shop's. Counted are:

* the state of every report, and how many compared ones say that something changed: `steady` at most 5 %, `once` 10 %, `grow` 10 % from the fifth compared
  quarter on, but for what its new product and its baskets explain
* `number`: the number of changes in a subject is not the number of lines under "what changed" in the mail
* `verbs`: grew, shrank, rose, fell, more or less in a sentence whose two numbers are the same or the other way round, or, of a total, whose like-for-like
  move has the other sign
* planted changes that the report tells, by the line of the right figure and people
"""
import argparse
import email
import email.policy
import json
import pathlib
import re
import shutil
import sys

import numpy as np
import pyarrow.parquet as pq

import figures
import measure
import plants

BOOKKEEPING = ("definition_changed", "restatement")
QUIET_MOST = {"steady": 0.05, "once": 0.10, "grow": 0.10}
TOLD_LEAST = 0.90
COMPARED = ("changed", "large_not_sure", "no_material_change", "definition_changed", "new_market", "data_alarm")
MONEY = r"[−+]?[€£]?([\d.,]+)(?: ?%)?"


def folders(warehouse, job, market):
    """The newest revision of every period, in order."""
    return [max(period.glob("r*"), key=lambda folder: folder.name) for period in sorted((warehouse / job / market).glob("*/runs"))]


class Mail:
    """A published report with the text of its first mail."""

    def __init__(self, folder):
        self.folder = folder
        self.report = json.loads((folder / "report.json").read_text())
        self.headline, self.period = self.report["headline"], self.report["period"]
        files = sorted((folder / "mails").glob("*.eml"))
        self.subject, self.text = self.headline["subject"], ""
        if files:
            message = email.message_from_bytes(files[0].read_bytes(), policy=email.policy.default)
            self.subject, self.text = message["subject"], message.get_body(("plain",)).get_content()

    @property
    def kind(self):
        return self.headline["kind"]

    def lines_shown(self):
        """Items under WHAT CHANGED."""
        part = self.text.replace("\r", "").partition("\nWHAT CHANGED\n")[2].partition("\n\n")[0]
        return sum(line.startswith("- ") for line in part.split("\n"))

    def number(self):
        found = re.search(r"(\d+) changes?\b", self.subject)
        return int(found.group(1)) if found else 0

    def told(self, subject, metrics, is_up):
        """Whether a line of this subject and one of these figures is called a change in this direction, and a sentence of the mail says so."""
        for line in self.report["changes"] + [self.report["market_change"]]:
            if line and line["subject"] == subject and line["metric"] in metrics and line["verdict"] == "changed" and self.kind == "changed":
                is_right = (line["causes"]["customers_moved"] > 0) == is_up
                # The market's value was told by the headline alone.
                said = [self.headline["sentence"]] if line["metric"] == "value" else self.report["change_sentences"]
                word = {"order_value": " an order: ", "customer_share": "of active customers", "value_per_customer": "12-month value a customer of "}.get(line["metric"], "")
                if is_right and any(word in sentence and (line["metric"] == "value" or line["label"] in sentence) for sentence in said):
                    return True
        return False

    def other_lines(self, subjects):
        return [(line["label"], line["metric"]) for line in self.report["changes"] if line["verdict"] == "changed" and line["subject"] not in subjects]


def amount(text):
    return float(text.replace(",", ""))


def contradictions(mail):
    """Sentences whose verb the evidence does not bear out."""
    found = []
    report = mail.report
    for sentence in report["change_sentences"]:
        for verb, before, now in re.findall(rf"\b(grew|shrank) from {MONEY} to {MONEY}", sentence):
            if amount(before) == amount(now) or (amount(now) > amount(before)) != (verb == "grew"):
                found.append(sentence)
        for verb, now, before in re.findall(rf"\b(more|less) (?:an order|often): (?:typically )?{MONEY}(?: orders each)?, {MONEY} last period", sentence):
            if amount(before) == amount(now) or (amount(now) > amount(before)) != (verb == "more"):
                found.append(sentence)
        verb = re.search(r"\b(grew|shrank)\b", sentence)
        part = re.search(r"customers who moved ([−+])", sentence)
        if verb and part and (verb.group(1) == "grew") != (part.group(1) == "+"):
            found.append(sentence)
    for verb, part in re.findall(r"\b(rose|fell) ([\d.]+) %", mail.headline["sentence"]):
        if float(part) == 0:
            found.append(mail.headline["sentence"])
            continue
        money = re.search(r"(12-month customer value|[Nn]et revenue of the period) (?:rose|fell)", mail.headline["sentence"])
        measure_of = "value_12_months" if money and money.group(1).startswith("12") else "net_revenue"
        for bridge in report["bridges"]:
            moved = sum(bar["amount"] for bar in bridge["bars"] if bar["cause"] not in BOOKKEEPING)
            if bridge["measure"] == measure_of and moved and (moved > 0) != (verb == "rose"):
                found.append(mail.headline["sentence"])
    return list(dict.fromkeys(found))


def plain_though_restated(mail):
    """A compared headline whose per cent is not the like-for-like one, though the two read differently."""
    said = re.search(r"\b(rose|fell) ([\d.]+) %", mail.headline["sentence"])
    if not said or mail.kind not in COMPARED:
        return False
    for bridge in mail.report["bridges"]:
        start = bridge["start"] + sum(bar["amount"] for bar in bridge["bars"] if bar["cause"] == "restatement")
        moved = sum(bar["amount"] for bar in bridge["bars"] if bar["cause"] not in BOOKKEEPING)
        if start and abs(100 * abs(moved / start) - float(said.group(2))) < 0.06:
            return False
    return True


def persona_of(mail, people):
    """Key of the persona that most of these people are in, active now."""
    table = pq.read_table(mail.folder / "tables" / "customers.parquet", columns=["customer_key", "segment", "is_active"])
    keys = set(figures.pseudonyms(sorted(people)).tolist())
    inside = np.isin(table.column("customer_key").to_numpy(), list(keys)) & table.column("is_active").to_numpy()
    segments, counts = np.unique(table.column("segment").to_numpy()[inside], return_counts=True)
    of = {persona["segment"]: persona["key"] for persona in mail.report["personas"]["personas"]}
    return of.get(int(segments[counts.argmax()])) if len(segments) else None


# What a plant should be told by; the second ones are those of a program that compared money.
METRICS = {"value": ("order_value", "value"), "prices": ("order_value", "value_per_customer"), "share": ("customer_share",)}


def planted(program, source, seed, plant):
    """Publishes the quarter of a plant behind the shop's own past, and says whether it is told."""
    folder = measure.WORK / "planted" / plant / str(seed)
    shutil.rmtree(folder, ignore_errors=True)
    people = plants.write(plant, source / "exports", folder / "exports", seed)
    for period in sorted((source / "warehouse" / "quarterly" / "de").iterdir()):
        if period.name < plants.PERIOD:
            shutil.copytree(period, folder / "warehouse" / "quarterly" / "de" / period.name)
    program.publish(program.own_project(), "quarterly", folder / "exports", folder / "warehouse", plants.PERIOD, ["de"])
    mail = Mail(folders(folder / "warehouse", "quarterly", "de")[-1])
    subject = "market" if plant == "value" else persona_of(mail, people)
    is_told = mail.told(subject, METRICS[plant], True)
    return dict(plant=plant, seed=seed, told=is_told, other=mail.other_lines({subject, "market"}), subject=mail.subject)


def of_company(demo, warehouse, job, market):
    """What is planted into the fictional company by prices: everybody's in 2025Q1, those of bargain hunters in 2025Q2."""
    mails = [Mail(folder) for folder in folders(warehouse, job, market)]
    groups = measure.truth_of(demo, market)
    found = []
    for mail in mails:
        if mail.period == "2025Q1":
            found.append(dict(plant="all prices +6 %", told=mail.told("market", METRICS["value"], True), subject=mail.subject))
        if mail.period == "2025Q2":
            table = pq.read_table(mail.folder / "tables" / "customers.parquet", columns=["customer_key", "segment", "is_active"])
            rows = zip(table.column("customer_key").to_pylist(), table.column("segment").to_pylist(), table.column("is_active").to_pylist())
            segments = [segment for key, segment, active in rows if active and groups[mail.period].get(key) == "bargain_hunters"]
            of = {persona["segment"]: persona["key"] for persona in mail.report["personas"]["personas"]}
            subject = of.get(max(set(segments), key=segments.count)) if segments else None
            found.append(dict(plant="bargain hunters +25 %", told=mail.told(subject, METRICS["prices"], True), people=len(segments), subject=mail.subject))
        kinds = {event["kind"] for event in mail.report["personas"]["events"]}
        for kind in sorted(kinds & {"born", "split", "merged"}):
            found.append(dict(plant=kind, told=mail.kind == "changed", subject=mail.subject))
    return mails, found


def judged(what, seed, market, mails):
    """Rows of a market's reports; `grow` is excused where its new product or its baskets are told."""
    rows, compared = [], 0
    for mail in mails:
        is_compared = mail.kind in COMPARED
        compared += is_compared
        events = [event["kind"] for event in mail.report["personas"]["events"]]
        rows.append(dict(what=what, seed=seed, market=market, period=mail.period, kind=mail.kind, compared=compared if is_compared else 0, events=events,
                         number=mail.number(), shown=mail.lines_shown(), contradictions=contradictions(mail), plain=plain_though_restated(mail),
                         subject=mail.subject.partition(": ")[2], lines=[(line["label"], line["metric"]) for line in mail.report["changes"] if line["verdict"] == "changed"]))
    return rows


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--driftline", type=pathlib.Path, help="the program; default target/debug/driftline")
    arguments.add_argument("--long", action="store_true", help="plants into 20 seeds of `steady` instead of two")
    arguments.add_argument("--plants", help="seeds of `steady` that are planted into, like 1-5; 0 for none")
    arguments.add_argument("--work", type=pathlib.Path, help="another folder that measure.py has published into")
    arguments.add_argument("--report-only", action="store_true", help="exit 0 even if a bar is missed")
    arguments.add_argument("--rows", type=pathlib.Path, help="all rows, as a file")
    given, _ = arguments.parse_known_args()  # .ci/personas hands over what is for measure.py too
    program = measure.Program(measure.program_path(given.driftline))
    shutil.rmtree(measure.WORK / "project", ignore_errors=True)
    work = given.work or measure.WORK
    rows, told = [], []
    for what in ("steady", "once", "grow", "bikes"):
        for folder in sorted((work / what).glob("*/done"), key=lambda done: int(done.parent.name)):
            mails = [Mail(run) for run in folders(folder.parent / "warehouse", "quarterly", "de")]
            rows += judged(what, int(folder.parent.name), "de", mails)
    for folder in sorted((work / "simulated").glob("*/done")):
        for job, market in (("simulated", "de"), ("simulated", "fr"), ("simulated-gb", "gb"), ("simulated", "at")):
            if (folder.parent / "warehouse" / job / market).exists():
                mails, found = of_company(folder.parent / "demo", folder.parent / "warehouse", job, market)
                rows += judged("simulated", int(folder.parent.name), market, mails)
                told += [dict(row, seed=int(folder.parent.name), market=market) for row in found if market != "at"]
    for what in ("complete-journey", "online-retail"):
        for market in ("us", "gb"):
            if (work / what / "warehouse" / what / market).exists():
                rows += judged(what, 0, market, [Mail(run) for run in folders(work / what / "warehouse", what, market)])
    seeds = measure.numbers(given.plants or ("1-20" if given.long else "1"))
    for seed in seeds:
        if (work / "steady" / str(seed) / "done").exists():
            told += [planted(program, work / "steady" / str(seed), seed, plant) for plant in plants.PLANTS]
    reached = say(rows, told)
    if given.rows:
        given.rows.write_text(json.dumps({"rows": rows, "told": told}, indent=1) + "\n")
    sys.exit(0 if all(yes for _, yes in reached) or given.report_only else 1)


def say(rows, told):
    """Prints the counts, and the bars that are missed or reached."""
    reached = []
    print(f"{'':18}{'reports':>8}{'compared':>9}{'changed':>8}{'large':>7}{'quiet':>7}{'redrawn':>8}{'new':>5}{'alarm':>6}{'number':>8}{'verbs':>7}{'plain':>7}")
    for what in dict.fromkeys(row["what"] for row in rows):
        of = [row for row in rows if row["what"] == what]
        kinds = [sum(row["kind"] == kind for row in of) for kind in COMPARED]
        numbers = sum(row["kind"] == "changed" and row["number"] != row["shown"] for row in of)
        verbs, plain = sum(bool(row["contradictions"]) for row in of), sum(row["plain"] for row in of)
        print(f"{what:18}{len(of):>8}{sum(kinds):>9}" + "".join(f"{count:>{width}}" for count, width in zip(kinds, (8, 7, 7, 8, 5, 6))) + f"{numbers:>8}{verbs:>7}{plain:>7}")
        reached.append((f"{what}: subjects with another number than lines {numbers}, none", numbers == 0))
        reached.append((f"{what}: verbs against the evidence {verbs}, none", verbs == 0))
        if what in QUIET_MOST:
            compared = [row for row in of if row["compared"] and not (what == "grow" and (row["events"] or row["compared"] < 5))]
            changed = [row for row in compared if row["kind"] == "changed"]
            share = len(changed) / max(len(compared), 1)
            reached.append((f"{what}: changed in {len(changed)} of {len(compared)} compared reports, at most {QUIET_MOST[what]:.0%}", share <= QUIET_MOST[what]))
    for plant in dict.fromkeys(row["plant"] for row in told):
        of = [row for row in told if row["plant"] == plant]
        right = sum(row["told"] for row in of)
        wrong = sum(bool(row.get("other")) for row in of)
        # To the nearest case: one of five may be missed, but not the only one.
        missed_most = int((1 - TOLD_LEAST) * len(of) + 0.5)
        reached.append((f"planted {plant}: told in {right} of {len(of)}, at least {TOLD_LEAST:.0%}; other personas beside it in {wrong}", len(of) - right <= missed_most))
    print("\n== changed where nothing happens")
    for row in rows:
        if row["what"] in QUIET_MOST and row["kind"] == "changed":
            print(f"{row['what']} {row['seed']} {row['period']}: {row['subject']} {row['lines']} {row['events']}")
    for row in rows:
        for sentence in row["contradictions"][:1]:
            print(f"{row['what']} {row['seed']} {row['market']} {row['period']}: verb: {sentence[:150]}")
    for row in told:
        if not row["told"]:
            print(f"not told: {row}")
    print("\n== bars")
    for words, yes in reached:
        print(f"{'reached' if yes else 'MISSED '}  {words}")
    return reached


if __name__ == "__main__":
    main()
