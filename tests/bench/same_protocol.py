#!/usr/bin/env python3
"""Churn and k-means beside scikit-learn by the Python program's own protocol: same customers, same features, same test rows.

    VENV/bin/python same_protocol.py --peer DIR --exports DIR [--market gb] [--period 2025Q4]

--peer is the folder with python_stack.py and customer_tables.py, --exports a tree of its make_exports.py. Needs both programs:
`cargo build --release --workspace --examples`. Prints one JSON document and ends with 1 if a rule does not hold.

churn: the program learns "no purchase day in the period" on 70 % of the customers of that very period and is judged on the other
30 %. Driftline's risk for the same rows is `driftline churn` as of the day before the period: it has not seen the period at all.
Rule: AUC and Brier score not worse by more than .005.
inertia: k-means with ten starts on the program's standardised features, at both ends of the period. Rule: at most 1 % higher.
"""
import argparse
import datetime as dt
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
RELEASE = ROOT / "target" / "release"


def customer_tables(args):
    """The program's own customer tables at both ends of the period, and its purchase days before the first."""
    from customer_tables import build_customers, build_days, quarter_bounds, read_lines
    import duckdb
    import python_stack

    start, as_of = quarter_bounds(args.period)
    con = duckdb.connect()
    read_lines(con, args.exports, args.market, as_of)
    categories, channels = build_days(con)
    build_customers(con, "previous", start, categories, channels)
    build_customers(con, "current", as_of, categories, channels)
    log = con.execute(f"""select cast(key as varchar) as customer_id, day as ordered_at, sold / 100.0 as net_amount
                          from days where sold_lines > 0 and day < date '{start}'""").df()
    tables = python_stack.load(con, "previous"), python_stack.load(con, "current")
    return (*tables, categories, log, start, as_of)


def churn(previous, current, log, start, as_of, folder):
    import numpy as np
    import pandas as pd
    import python_stack
    from sklearn.metrics import brier_score_loss, roc_auc_score
    from sklearn.model_selection import train_test_split

    bought = current.set_index("key").orders.reindex(previous.key).to_numpy() > previous.orders.to_numpy()
    _, test = train_test_split(np.arange(len(previous)), test_size=0.3, random_state=python_stack.SEED, stratify=~bought)
    log.to_parquet(folder / "log.parquet", index=False)
    subprocess.run([RELEASE / "driftline", "churn", folder / "log.parquet", "--as-of", str(start - dt.timedelta(days=1)),
                    "--horizon-days", str((as_of - start).days), "--json", "--scores", folder / "scores.parquet"],
                   check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
    scores = pd.read_parquet(folder / "scores.parquet").set_index("customer_id").churn_risk
    risk = scores.reindex(previous.key.astype(str)).to_numpy()[test]
    theirs = python_stack.score_churn(previous, current.copy())
    ours = {"auc": float(roc_auc_score(~bought[test], risk)), "brier": float(brier_score_loss(~bought[test], risk))}
    holds = ours["auc"] >= theirs["auc"] - 0.005 and ours["brier"] <= theirs["brier"] + 0.005
    return {"driftline": ours, "python": {name: theirs[name] for name in ours}, "rows": len(test), "holds": holds}


def inertia(previous, current, categories):
    import python_stack
    from sklearn.preprocessing import StandardScaler

    before, now = previous[previous.active], current[current.active]
    scaler = StandardScaler().fit(python_stack.persona_features(before, categories))
    theirs = python_stack.cluster(previous.copy(), current.copy(), categories)
    found = {}
    for name, table in (("previous", before), ("refit", now)):
        points = scaler.transform(python_stack.persona_features(table, categories))
        text = "\n".join(" ".join(map(repr, row)) for row in points.astype(float).tolist())
        run = subprocess.run([RELEASE / "examples" / "inertia", str(python_stack.PERSONAS), "10", "1"], input=text.encode(),
                             stdout=subprocess.PIPE, check=True)
        ours = float(run.stdout)
        found[name] = {"driftline": ours, "python": theirs[f"inertia_{name}"], "holds": ours <= theirs[f"inertia_{name}"] * 1.01}
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", type=pathlib.Path, required=True)
    parser.add_argument("--exports", type=pathlib.Path, required=True)
    parser.add_argument("--market", default="gb")
    parser.add_argument("--period", default="2025Q4")
    args = parser.parse_args()
    sys.path.insert(0, str(args.peer.resolve()))
    previous, current, categories, log, start, as_of = customer_tables(args)
    with tempfile.TemporaryDirectory() as folder:
        found = {"churn": churn(previous, current, log, start, as_of, pathlib.Path(folder)),
                 "inertia": inertia(previous, current, categories)}
    print(json.dumps(found, indent=1))
    sys.exit(0 if all(part["holds"] for part in (found["churn"], *found["inertia"].values())) else 1)


if __name__ == "__main__":
    main()
