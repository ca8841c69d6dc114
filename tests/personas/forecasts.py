#!/usr/bin/env python3
"""Measures the forecasts of published warehouses: whether they hang together, whether ranges hold, whether risks are calibrated.

    forecasts.py [--json FILE] NAME=WAREHOUSE/JOB/MARKET ...

`measure.py` calls it on the warehouses that it makes. All of it is read from `report.json` and `tables/customers.parquet` of neighbouring periods:

* `incoherent`: personas or customers whose next period is worth more than their 12 months; `zero`: personas with a 12-month value and a next period
  of nothing; `parts`: reports whose customers do not add up to the forecast of the market, or to the values of the personas.
* `held`: of the 80 % ranges of the next period, those that the next report's scorecard says held, of the market and of personas; `year_held`:
  the same of 12 months. `off`: mean |ln(forecast / actual)| of the market.
* `ece`: error of the risks of no purchase in the next period over ten bins of equal size, of reports with at least 2,000 customers in both; against the
  least of the candidates that the next report judged at the same day, plain logistic regression among them.
* `dear`: in the shop `bikes`, the mean 12-month value of active customers who spend over 800 a purchase day by that of the others.
"""
import argparse
import json
import math
import pathlib

import numpy as np

DEAR = 800  # a purchase day that no tube costs and any bike does
CUSTOMERS_LEAST = 2000  # of a judged horizon
BINS = 10
HELD = (0.75, 0.88)
RANGES_LEAST, LATE_LEAST = 100, 20  # ranges below which their share says nothing


def of_market(where, reports):
    """One row for each report."""
    rows = []
    for number, report in enumerate(reports):
        following = reports[number + 1] if number + 1 < len(reports) else None
        row = dict(where, period=report.period)
        row.update(coherence(report))
        if where["what"] == "bikes":
            row.update(dear(report))
        card = report.document.get("scorecard")
        if card:
            row.update(graded(card))
        if following is not None and following.document["previous_period"] == report.period:
            row.update(calibration(report, following))
        rows.append(row)
    return rows


def coherence(report):
    columns, document = report.columns, report.document
    year, following = columns["value_12_months"], columns["next_period_value"]
    known = ~np.isnan(year) & ~np.isnan(following)
    found = {"personas": 0, "incoherent": [], "zero": [], "not_shown": 0, "customers_incoherent": int((following[known] > year[known] + 1e-9).sum())}
    wrong = []
    for persona in report.personas:
        value, forecast = persona.get("value"), persona.get("next_period")
        if value is None:
            continue
        found["personas"] += 1
        # What customers of the table add up to, in minor units.
        members = report.active & (report.segments == persona["segment"]) & known
        if abs(round(100 * year[members].sum()) - value) > 0:
            wrong.append(f"{persona['key']}: 12 months {value}, its customers {round(100 * year[members].sum())}")
        if forecast is None:
            found["not_shown"] += 1
            # What was not shown is compared too.
            forecast = {"value": round(100 * following[members].sum())}
        elif abs(round(100 * following[members].sum()) - forecast["value"]) > 0:
            wrong.append(f"{persona['key']}: next {forecast['value']}, its customers {round(100 * following[members].sum())}")
        if forecast["value"] > value:
            found["incoherent"].append(persona["key"])
        if value > 0 and forecast["value"] == 0:
            found["zero"].append(persona["key"])
    model = document["models"].get("forecast") or {}
    everyone = model.get("next_period")
    if everyone and round(100 * following[known].sum()) != everyone["value"]:
        wrong.append(f"everyone {everyone['value']}, the customers {round(100 * following[known].sum())}")
    found["parts"] = wrong
    return found


def dear(report):
    """Mean 12-month value of a dear buyer by that of a cheap one, of those active; nothing where there are no values yet."""
    columns = report.columns
    is_dear = columns["net_lifetime"] / columns["purchase_days"] > DEAR
    value, active = columns["value_12_months"], report.active & ~np.isnan(columns["value_12_months"])
    if not active.any():
        return {}
    cheap = value[active & ~is_dear].mean()
    return {"dear": float(value[active & is_dear].mean() / cheap) if cheap > 0 else math.inf}


def graded(card):
    """What a scorecard says of the forecasts before it."""
    found = {"market_held": [], "persona_held": [], "year_held": [], "persona_year_held": []}

    def add(grade, name):
        if grade.get("is_covered") is not None:
            found[name].append(bool(grade["is_covered"]))

    add(card["everyone"], "market_held")
    for grade in card["personas"]:
        add(grade, "persona_held")
    said, came = card["everyone"]["forecast"]["value"], card["everyone"]["actual"]
    if said > 0 and came > 0:
        found["off"] = math.log(said / came)
    low, high = card["everyone"]["forecast"]["low_80"], card["everyone"]["forecast"]["high_80"]
    if low and high:
        found["width"] = math.log(high / low)
    if card.get("year"):
        add(card["year"]["everyone"], "year_held")
        for grade in card["year"]["personas"]:
            add(grade, "persona_year_held")
        said, came = card["year"]["everyone"]["forecast"], card["year"]["everyone"]["actual"]
        if said > 0 and came > 0:
            found["year_off"] = math.log(said / came)
    return found


def calibration(report, following):
    """Error of the published risks, and of the candidates judged at the same day."""
    backtest = (following.document["models"].get("churn") or {}).get("backtest")
    risks = report.columns["churn_risk"]
    scored = ~np.isnan(risks)
    if backtest is None or backtest["customers"] < CUSTOMERS_LEAST or scored.sum() < CUSTOMERS_LEAST:
        return {}
    days = days_between(report.document["as_of"], following.document["as_of"])
    recency = dict(zip(following.customers.tolist(), following.columns["recency_days"]))
    left = np.array([recency.get(customer, math.inf) > days for customer in report.customers.tolist()], float)
    errors = {candidate["method"]: candidate["quality"]["ece"] for candidate in backtest["candidates"]}
    return {"ece": ece(risks[scored], left[scored]), "ece_least": min(errors.values()), "ece_logistic": errors.get("logistic"),
            "method": report.document["models"]["churn"]["chosen"], "customers": int(scored.sum())}


def ece(risks, left):
    order = np.argsort(risks, kind="stable")
    bins = np.array_split(order, BINS)
    return float(sum(len(part) * abs(risks[part].mean() - left[part].mean()) for part in bins) / len(risks))


def days_between(first, second):
    return (np.datetime64(second) - np.datetime64(first)).astype(int)


def summary(rows):
    """Of any rows."""
    def all_of(name):
        return [value for row in rows for value in row.get(name, [])]

    def share(name):
        values = all_of(name)
        return {"held": sum(values), "of": len(values), "share": round(sum(values) / len(values), 3) if values else None}

    off = [abs(row["off"]) for row in rows if "off" in row]
    year_off = [abs(row["year_off"]) for row in rows if "year_off" in row]
    widths = [row["width"] for row in rows if "width" in row]
    judged = [row for row in rows if "ece" in row]
    missed = [row for row in judged if row["ece"] > max(0.03, row["ece_least"] + 0.005)]
    ratios = [row["dear"] for row in rows if "dear" in row]
    return {
        "reports": len(rows), "personas": sum(row["personas"] for row in rows), "incoherent": len(all_of("incoherent")), "zero": len(all_of("zero")),
        "not_shown": sum(row["not_shown"] for row in rows), "customers_incoherent": sum(row["customers_incoherent"] for row in rows),
        "parts": all_of("parts")[:5], "market": share("market_held"), "personas_held": share("persona_held"), "year": share("year_held"),
        "personas_year": share("persona_year_held"), "off": round(float(np.mean(off)), 3) if off else None,
        "year_off": round(float(np.mean(year_off)), 3) if year_off else None, "width": round(float(np.median(widths)), 3) if widths else None,
        "ece": round(float(np.mean([row["ece"] for row in judged])), 4) if judged else None, "ece_judged": len(judged), "ece_missed": len(missed),
        "ece_worst": [dict((key, row[key]) for key in ("what", "seed", "market", "period", "ece", "ece_least", "method"))
                      for row in sorted(missed, key=lambda row: row["ece_least"] - row["ece"])[:4]],
        "dear_least": round(min(ratios), 2) if ratios else None,
    }


def by_kind(rows):
    """What is printed and judged: each kind of case, and all."""
    kinds = list(dict.fromkeys(row["what"] + (" at" if row["market"] == "at" else "") for row in rows))
    named = {kind: summary([row for row in rows if row["what"] + (" at" if row["market"] == "at" else "") == kind]) for kind in kinds}
    return {**named, "all": summary(rows)}


def bars(kinds):
    """(words, is it reached) of everything that is asked for and was measured; a share of few ranges says nothing."""
    found = []
    everything = kinds.get("all")
    if not everything or not everything["reports"]:
        return found

    def bar(words, reached):
        found.append((words, bool(reached)))

    bar(f"forecasts: personas with a next period above their 12 months {everything['incoherent']} of {everything['personas']}, none", not everything["incoherent"])
    bar(f"forecasts: customers likewise {everything['customers_incoherent']}, none", not everything["customers_incoherent"])
    bar(f"forecasts: sums that customers do not add up to {len(everything['parts'])}, none", not everything["parts"])
    for name, part in (("market", "market"), ("personas", "personas_held")):
        of = everything[part]
        if of["of"] >= RANGES_LEAST:
            bar(f"forecasts: 80 % ranges of {name} that held {of['held']} of {of['of']} ({of['share']:.1%}), 75 to 88 %", HELD[0] <= of["share"] <= HELD[1])
    late = kinds.get("simulated at")
    if late and late["market"]["of"] >= LATE_LEAST:
        bar(f"forecasts: of the market that opens late {late['market']['held']} of {late['market']['of']} ({late['market']['share']:.1%}), 75 to 88 %",
            HELD[0] <= late["market"]["share"] <= HELD[1])
    if everything["ece_judged"]:
        bar(f"forecasts: risks off by more than .03 and by .005 more than the best candidate {everything['ece_missed']} of {everything['ece_judged']}, at most one in ten",
            everything["ece_missed"] <= 0.1 * everything["ece_judged"])
    if "bikes" in kinds:
        bar(f"bikes: value of a bike buyer by a part buyer's {kinds['bikes']['dear_least']}, at least 5 every quarter", kinds["bikes"]["dear_least"] >= 5)
    return found


def say(kinds):
    print("\n== forecasts")
    for name, of in kinds.items():
        print(line(name, of))
    for worst in kinds["all"]["ece_worst"] if kinds else []:
        print(f"risks off: {worst}")


def line(name, of):
    def share(part):
        return f"{part['held']}/{part['of']}" + (f" ({100 * part['share']:.0f} %)" if part["of"] else "")

    return (f"{name:18} incoherent {of['incoherent']}+{of['customers_incoherent']} zero {of['zero']} of {of['personas']} (not shown {of['not_shown']})"
            f" | market {share(of['market'])} off {of['off']} width {of['width']} | personas {share(of['personas_held'])}"
            f" | year {share(of['year'])} off {of['year_off']} personas {share(of['personas_year'])}"
            f" | ece {of['ece']} missed {of['ece_missed']} of {of['ece_judged']}"
            + (f" | dear x{of['dear_least']}" if of["dear_least"] else "") + (f" | PARTS {of['parts']}" if of["parts"] else ""))


def main():
    import measure

    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("markets", nargs="+", help="NAME=FOLDER of a market in a warehouse")
    arguments.add_argument("--json", type=pathlib.Path)
    given = arguments.parse_args()
    rows = []
    for number, market in enumerate(given.markets):
        name, folder = market.split("=", 1)
        folder = pathlib.Path(folder)
        reports = measure.reports_of(folder.parent.parent, folder.parent.name, folder.name)
        rows += of_market({"what": name, "seed": number, "market": folder.name}, reports)
    say(by_kind(rows))
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1, default=str))


if __name__ == "__main__":
    main()
