#!/usr/bin/env python3
"""Driftline beside the Python programs a team would write instead, in one run: A B A B A B, medians and ranges.

    side_by_side.py refresh --peer DIR --python VENV/bin/python [--customers 1000000] [--lines 10000000] [--rounds 3]
    side_by_side.py value   --peer DIR --python VENV/bin/python [--customers 1000000] [--rounds 3]
    side_by_side.py growth  --peer DIR --python VENV/bin/python
    side_by_side.py drift   --peer DIR --python VENV/bin/python [--customers 1000000] [--rounds 3]

--peer is the folder with make_exports.py, python_stack.py, make_clv_synth.py, clv_lifetimes.py and drift_*.py; --python an interpreter
with what its requirements.txt names. Driftline is target/release/driftline (`cargo build --release --workspace`). Inputs are
made below --work once and read before the first timed round, so that all of them lie in the page cache.

refresh: one quarter of a market, exports to mail. value: `driftline ltv` on a purchase log of known parameters.
drift: every statistic of `driftline drift` on two files of that many rows and 20 columns.
growth: `driftline ltv` alone on 100 thousand, 1 and 5 million customers; seconds and MiB a million customers.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
DRIFTLINE = ROOT / "target" / "release" / "driftline"


def timed(command):
    """Seconds and peak MiB of one child, and what it wrote."""
    before = time.perf_counter()
    child = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
    out, err = child.communicate()
    seconds = time.perf_counter() - before
    if child.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\nended with {child.returncode}\n{err.decode()[-2000:]}")
    return seconds, out.decode()


def measured(command):
    """As `timed`, in a process of its own so that the peak memory is this command's."""
    code = (
        "import resource,subprocess,sys,time;t=time.perf_counter();"
        "p=subprocess.run(sys.argv[1:],stdout=subprocess.PIPE);s=time.perf_counter()-t;"
        "m=resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss/1024;"
        "sys.stdout.buffer.write(p.stdout);print(f'\\n@@ {s} {m} {p.returncode}')"
    )
    _, out = timed([sys.executable, "-c", code, *command])
    text, _, tail = out.rpartition("\n@@ ")
    seconds, mebibytes, status = tail.split()
    if status != "0":
        sys.exit(f"{' '.join(map(str, command))} ended with {status}\n{text[-2000:]}")
    return float(seconds), float(mebibytes), text


def compare(name, ours, theirs, rounds, before_ours=lambda: None):
    """Runs both in turn after one run of each that does not count."""
    results = {"driftline": [], "python": []}
    for round_number in range(rounds + 1):
        for side, command in (("driftline", ours), ("python", theirs)):
            if side == "driftline":
                before_ours()
            seconds, mebibytes, text = measured(command)
            if round_number > 0:
                results[side].append((seconds, mebibytes, text))
    line = {"what": name, "cores": os.cpu_count(), "rounds": rounds, "load": os.getloadavg()[0]}
    for side, runs in results.items():
        seconds = [run[0] for run in runs]
        line[side] = {
            "seconds_median": round(statistics.median(seconds), 2),
            "seconds_range": [round(min(seconds), 2), round(max(seconds), 2)],
            "peak_mib_median": round(statistics.median(run[1] for run in runs)),
        }
    line["times_as_fast"] = round(line["python"]["seconds_median"] / line["driftline"]["seconds_median"], 2)
    line["share_of_memory"] = round(line["driftline"]["peak_mib_median"] / line["python"]["peak_mib_median"], 3)
    print(json.dumps(line, indent=1))
    return results


def refresh(args):
    exports = args.work / f"exports-{args.customers}-{args.lines}"
    if not exports.exists():
        timed([args.python, args.peer / "make_exports.py", "--customers", args.customers, "--lines", args.lines,
               "--out", exports, "--seed", 1, "--markets", "gb"])
    warehouse = args.work / "warehouse"
    out = args.work / "python"
    ours = [DRIFTLINE, "run", "jobs/bench.toml", "--period", "2025Q4", "--set", f"exports.url=file://{exports}", "--set",
            f"warehouse.url=file://{warehouse}", "--now", "2026-01-02T06:00:00Z", "--timings"]
    theirs = [args.python, args.peer / "python_stack.py", "--exports", exports, "--market", "gb", "--period", "2025Q4",
              "--out", out]
    results = compare(f"refresh, {args.customers} customers, {args.lines} lines", [str(part) for part in ours],
                      [str(part) for part in theirs], args.rounds, lambda: shutil.rmtree(warehouse, ignore_errors=True))
    print(results["driftline"][-1][2])


def log(args, customers):
    path = args.work / f"log-{customers}.parquet"
    if not path.exists():
        timed([args.python, args.peer / "make_clv_synth.py", "--customers", customers, "--out", path])
    return path


def ltv(path):
    return [str(DRIFTLINE), "ltv", str(path), "--calibration-end", "2025-12-31", "--model", "bgnbd", "--periods", "12",
            "--period-weeks", "4.345", "--discount", "0.01", "--json"]


def value(args):
    path = log(args, args.customers)
    theirs = [str(args.python), str(args.peer / "clv_lifetimes.py"), str(path), "--end", "2025-12-31"]
    results = compare(f"value, {args.customers} customers", ltv(path), theirs, args.rounds)
    ours = json.loads(results["driftline"][-1][2])
    python = json.loads(results["python"][-1][2])
    print(json.dumps({
        "driftline": {"bgnbd": ours["params"], "spend": ours["spend"], "value": ours["value_12_months"]["total"]},
        "python": {"bgnbd": python["bgnbd"], "spend": python["gammagamma"], "value": python["sum_clv12"]},
    }, indent=1))


def drift(args):
    files = [args.work / f"drift-{side}-{args.customers}.parquet" for side in ("ref", "cur")]
    if not files[1].exists():
        timed([args.python, args.peer / "drift_make_samples.py", args.customers, *files])
    pair = [str(path) for path in files]
    theirs = [str(args.python), str(args.peer / "drift_evidently.py"), *pair, "--html", str(args.work / "evidently.html"),
              "--json", str(args.work / "evidently.json")]
    results = compare(f"drift, 2 x {args.customers} rows x 20 columns", [str(DRIFTLINE), "drift", *pair, "--json"], theirs,
                      args.rounds)
    found = json.loads(results["driftline"][-1][2])
    print("drifted:", ", ".join(column["column"] for column in found["columns"] if column["verdict"] == "drift"))


def growth(args):
    for customers in (100_000, 1_000_000, 5_000_000):
        path = log(args, customers)
        runs = [measured(ltv(path))[:2] for _ in range(args.rounds + 1)][1:]
        seconds = statistics.median(run[0] for run in runs)
        mebibytes = statistics.median(run[1] for run in runs)
        print(json.dumps({"customers": customers, "seconds": round(seconds, 2), "mib": round(mebibytes),
                          "microseconds_a_customer": round(seconds / customers * 1e6, 2)}))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["refresh", "value", "growth", "drift"])
    parser.add_argument("--peer", type=pathlib.Path, required=True)
    parser.add_argument("--python", type=pathlib.Path, required=True)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "target" / "bench")
    args = parser.parse_args()
    args.peer, args.python = args.peer.resolve(), args.python.absolute()
    args.work = args.work.resolve()
    args.work.mkdir(parents=True, exist_ok=True)
    if not DRIFTLINE.exists():
        sys.exit(f"{DRIFTLINE} is not there: cargo build --release --workspace")
    {"refresh": refresh, "value": value, "growth": growth, "drift": drift}[args.what](args)


if __name__ == "__main__":
    main()
