#!/usr/bin/env python3
"""Damages exports at random and looks at what the program makes of them.

    .ci/damaged [--long | --number N] [--driftline PATH] [--only SHOP] [--seed N] [--json FILE]

Three shops: `steady` and `grow` of tests/personas/shops.py in one object a month, and the British market of `driftline simulate` in one object.
Each damage (damages.py) is done once, to a fresh copy: 20 a shop, 200 with --long. Every second one meets a warehouse in which the quarter before is
published from the right export. The quarter is run, and it is

right     exit 0, net revenue of the quarter within .1 % of the undisturbed run;
refused   another exit code than 0 and 70, and a message that names the source, a column, a file or a month;
warned    exit 0, and the report warns of the exports, says that the period is not whole, or is a data alarm, which only the owner gets;
plausible exit 0 without a word, by a damage after which the export is as an honest one could be: listed with its share;
SILENT    anything else. One of these fails the test.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import time

import pyarrow as pa
import pyarrow.parquet as pq

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "personas"))
import damages  # noqa: E402
import shops  # noqa: E402

WORK = ROOT / "target" / "damaged"
NOW = "2026-01-05T06:00:00Z"
BEFORE, QUARTER = "2025Q3", "2025Q4"
NET_MOST = 1e-3
COLUMNS = {"order": "order_id", "customer": "customer_id", "time": "ordered_at", "money": "net_amount"}
NAMES = re.compile(r"order_lines|order_id|customer_id|ordered_at|net_amount|20\d\d-\d\d|\.parquet")


class Case:
    """A shop: its project, job, market and undisturbed export."""

    def __init__(self, name, project, job, market, exports, driftline):
        self.name, self.project, self.job, self.market, self.driftline = name, project, job, market, driftline
        self.exports, self.folder = exports, WORK / name
        self.orders = pathlib.Path(f"market={market}") / "order_lines"
        self.objects = {path.name: pq.read_table(path) for path in sorted((exports / self.orders).glob("*.parquet"))}
        self.folder.mkdir(parents=True, exist_ok=True)
        # What the quarter before could know.
        early = self.folder / "early"
        self.write(early, {name: table for name, table in self.objects.items() if len(self.objects) == 1 or name < "2025-10"})
        self.past = self.folder / "past"
        code, said = self.run(early, self.past, BEFORE)
        assert code == 0, said
        whole = self.folder / "undisturbed"
        code, said = self.run(exports, whole, QUARTER)
        assert code == 0, said
        self.net = self.report(whole)["totals"]["net"]

    def write(self, folder, objects):
        shutil.rmtree(folder, ignore_errors=True)
        (folder / self.orders).mkdir(parents=True)
        for other in (self.exports / f"market={self.market}").iterdir():
            if other.name != "order_lines":
                (folder / f"market={self.market}" / other.name).symlink_to(other)
        for name, table in objects.items():
            table, part = table if isinstance(table, tuple) else (table, 1)
            path = folder / self.orders / name
            pq.write_table(table, path)
            if part < 1:
                os.truncate(path, int(part * path.stat().st_size))

    def run(self, exports, warehouse, period):
        command = [self.driftline, "--project", self.project, "run", self.job, "--period", period, "--now", NOW, "--market", self.market,
                   "--set", f"exports.url={exports}", "--set", f"warehouse.url={warehouse}"]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        return done.returncode, done.stderr

    def report(self, warehouse):
        found = sorted(warehouse.glob(f"*/{self.market}/{QUARTER}/runs/*/report.json"))
        return json.loads(found[-1].read_text())

    def damaged(self, number, seed):
        chance = random.Random(f"{self.name} {seed} {number}")
        damage = damages.ALL[number % len(damages.ALL)]
        objects = dict(self.objects)
        did, plausible = damage(objects, chance, COLUMNS)
        folder = self.folder / f"n{number}"
        exports, warehouse = folder / "exports", folder / "warehouse"
        self.write(exports, objects)
        if number % 2:
            shutil.copytree(self.past, warehouse, dirs_exist_ok=True)
        code, said = self.run(exports, warehouse, QUARTER)
        verdict, why = self.judge(code, said, warehouse, plausible)
        shutil.rmtree(folder)
        return {"shop": self.name, "number": number, "damage": damage.__name__, "did": did, "verdict": verdict, "why": why}

    def judge(self, code, said, warehouse, plausible):
        if code:
            is_named = code not in (70, 101) and code > 0 and NAMES.search(said)
            return "refused" if is_named else "SILENT", f"exit {code}: {' '.join(said.split())[:240]}"
        report = self.report(warehouse)
        net = (report["totals"] or {}).get("net", 0)
        moved = net / self.net - 1
        warnings = report["quality"].get("warnings", [])
        told = warnings or report["partial"] or report["headline"]["kind"] in ("data_alarm", "not_enough_data")
        if abs(moved) <= NET_MOST:
            return "right", f"net {moved:+.3%}" + (" and warned" if told else "")
        if told:
            return "warned", f"net {moved:+.1%}: {(warnings or [report['partial'] or report['headline']['sentence']])[0][:160]}"
        return "plausible" if plausible else "SILENT", f"net {moved:+.2%}, headline {report['headline']['kind']}"


def by_month(folder, name, seed):
    """The shop in one object a month."""
    made = folder / "made"
    shops.write(name, made, seed)
    rows = pa.concat_tables([pq.read_table(path) for path in sorted(made.glob("**/*.parquet"))])
    target = folder / "exports" / "market=de" / "order_lines"
    target.mkdir(parents=True, exist_ok=True)
    months = [at.strftime("%Y-%m") for at in rows["ordered_at"].to_pylist()]
    for month in sorted(set(months)):
        pq.write_table(rows.filter(pa.array([of == month for of in months])), target / f"{month}.parquet")
    return folder / "exports"


def cases(driftline, only, seed):
    project = WORK / "project"
    shutil.rmtree(WORK, ignore_errors=True)
    subprocess.run([driftline, "init", project], check=True, capture_output=True)
    for name in ("steady", "grow"):
        if only in (None, name):
            yield Case(name, project, "jobs/quarterly.toml", "de", by_month(WORK / f"{name}-made", name, seed), driftline)
    if only in (None, "company"):
        subprocess.run([driftline, "--project", ROOT, "simulate", WORK / "company-made"], check=True, capture_output=True)
        yield Case("company", ROOT, "jobs/simulated-gb.toml", "gb", WORK / "company-made" / "exports", driftline)


def tell(shop, found):
    for one in found:
        if one["verdict"] in ("SILENT", "plausible"):
            print(f"{one['verdict']:<9} {shop} {one['number']} {one['damage']}: {one['did']}; {one['why']}")
    verdicts = collections.Counter(one["verdict"] for one in found)
    kinds = ("right", "refused", "warned", "plausible", "SILENT")
    print(f"{shop}: " + ", ".join(f"{verdicts[kind]} {kind}" for kind in kinds), flush=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--long", action="store_true")
    arguments.add_argument("--number", type=int)
    arguments.add_argument("--driftline", type=pathlib.Path, default=pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "driftline")
    arguments.add_argument("--only", choices=["steady", "grow", "company"])
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--json", type=pathlib.Path)
    given = arguments.parse_args()
    number, began, found = given.number or (200 if given.long else 20), time.monotonic(), []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for case in cases(given.driftline, given.only, given.seed):
            of_shop = list(pool.map(lambda at, case=case: case.damaged(at, given.seed), range(number)))
            tell(case.name, of_shop)
            found += of_shop
    if given.json:
        given.json.write_text(json.dumps(found, indent=1))
    silent = sum(one["verdict"] == "SILENT" for one in found)
    print(f"{len(found)} damages, {silent} silent, {time.monotonic() - began:.0f} s")
    return 1 if silent else 0


if __name__ == "__main__":
    sys.exit(main())
