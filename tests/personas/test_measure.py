"""What the measuring counts with, on cases that can be checked by hand."""
import decimal
import json
import pathlib
import tempfile
import unittest

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import figures
import measure
import planted
import rules

PLANTED = {"born": {"from": "2024Q4"}, "fading": {"from": "2024Q3"}, "split": {"from": "2025Q1"},
           "merge": {"from": "2025Q1", "kinds": ["students", "starters"]}}


class Figures(unittest.TestCase):
    def test_pseudonym_is_the_first_63_bits_of_hmac_sha256(self):
        # RFC 4231, test case 2.
        self.assertEqual(figures.pseudonym("what do ya want for nothing?", "Jefe"), 0x5BDCC146BF60754E >> 1)

    def test_adjusted_rand(self):
        self.assertEqual(figures.adjusted_rand(["a", "a", "b", "b"], [7, 7, 3, 3]), 1)
        self.assertEqual(figures.adjusted_rand([1, 1, 1, 1], ["x", "x", "x", "x"]), 1)
        self.assertEqual(figures.adjusted_rand([1, 1, 1, 1], ["x", "x", "y", "y"]), 0)
        # Hubert and Arabie's formula by hand: 2 pairs together in both, 3 and 6 in each, 15 in all: (2 - 1.2) / (4.5 - 1.2).
        self.assertAlmostEqual(figures.adjusted_rand([1, 1, 2, 2, 3, 3], [1, 1, 1, 2, 2, 2]), 0.8 / 3.3)
        self.assertAlmostEqual(figures.adjusted_rand([1, 1, 2, 2], [1, 2, 1, 2]), -0.5)

    def test_thirds(self):
        self.assertEqual(figures.thirds([1, 2, 3, 4, 5, 6]).tolist(), [0, 0, 1, 1, 2, 2])
        self.assertEqual(figures.thirds([5, 5, 5]).tolist(), [0, 0, 0])

    def test_changed_leaves_out_new_and_ended_personas(self):
        before = {1: "a", 2: "a", 3: "b", 4: "ended", 5: "a", 6: "b"}
        now = {1: "a", 2: "b", 3: "b", 4: "a", 5: "new", 7: "a"}
        self.assertEqual(figures.changed(before, now), (1, 3))


class Rules(unittest.TestCase):
    COLUMNS = {"mean_order": np.array([10.0, 30.0, np.nan]), "is_new": np.array([True, False, False]),
               "stage": np.array(["lapsed", None, "active"], object), "rate": np.array([4.0, 2.0, 1.0])}

    def meets(self, text):
        share = lambda habit, item: np.array([0.5, 0.1, 0.3]) if (habit, item) == ("category", "coffee & 'tea'") else np.zeros(3)
        return rules.matches(text, self.COLUMNS, share).tolist()

    def test_conditions(self):
        self.assertEqual(self.meets("mean_order >= 10 and mean_order < 30"), [True, False, False])
        self.assertEqual(self.meets("not mean_order < 30"), [False, True, True])
        self.assertEqual(self.meets("share(category, 'coffee & ''tea''') >= 0.3"), [True, False, True])
        self.assertEqual(self.meets("stage = 'lapsed' or (rate < 1.5 and not is_new)"), [True, False, True])
        self.assertEqual(self.meets("stage != 'lapsed'"), [False, False, True])
        self.assertEqual(self.meets("is_new = false AND rate > -1e3"), [False, True, True])

    def test_what_is_not_understood_is_an_error(self):
        for text in ("mean_order", "mean_order >= ", "unknown > 1", "rate > 1 rate < 2", "rate ~ 2", "(rate > 1", "rate > 1 and"):
            with self.assertRaises(rules.RuleError, msg=text):
                self.meets(text)


class Planted(unittest.TestCase):
    """Six quarters of 40 customers a group; personas are the groups."""

    def quarters(self, events):
        periods = ["2024Q3", "2024Q4", "2025Q1", "2025Q2", "2025Q3", "2025Q4"]
        quarters, truth = [], {}
        for number, period in enumerate(periods):
            is_later = period >= "2025Q1"
            sizes = {"premium": 10 * number + (15 if number else 0), "gifters": 40 if is_later else 80, "gifters_often": 40 * is_later,
                     "students": 40 * (not is_later), "starters": 40 * (not is_later), "students_and_starters": 80 * is_later,
                     "faders": 40 if number < 3 else 0}
            place = {"premium": 0, "gifters": 100, "gifters_often": 140, "students": 200, "starters": 240, "students_and_starters": 200, "faders": 300}
            active = {place[group] + n: group for group, size in sizes.items() for n in range(size)}
            members = {}
            for customer, group in active.items():
                members.setdefault(group, set()).add(customer)
            # Faders stop buying within the second quarter; those who are active bought before it.
            recency = {customer: 150 if group == "faders" and number >= 1 else 5 for customer, group in active.items()}
            of = [dict(event) for when, event in events if when == period]
            quarters.append(planted.Quarter(period, 91, active, recency, members, of))
            truth[period] = {**{300 + n: "faders" for n in range(40)}, **active}
        return quarters, truth

    def judge(self, *events):
        quarters, truth = self.quarters(events)
        rows, false = planted.judge(quarters, PLANTED, truth)
        return {row["name"]: (row["due"], row["outcome"]) for row in rows}, [(wrong["period"], wrong["why"]) for wrong in false]

    def test_found_missed_and_false(self):
        born = {"kind": "born", "key": "premium", "from": []}
        split = {"kind": "split", "key": "gifters_often", "from": ["gifters"]}
        fade = {"kind": "faded", "key": "faders", "from": []}
        found, false = self.judge(("2025Q1", born), ("2025Q1", split), ("2025Q1", dict(split, key="gifters")), ("2024Q4", fade))
        self.assertEqual(found, {"birth": ("2025Q1", "first"), "split": ("2025Q1", "first"), "merge": ("2025Q1", "missed"), "fade": ("2024Q4", "first")})
        self.assertEqual(false, [])

    def test_early_second_late_and_closed(self):
        born = {"kind": "born", "key": "premium", "from": []}
        merged = {"kind": "merged", "key": "students_and_starters", "from": ["students", "starters"]}
        fade, closed = {"kind": "faded", "key": "faders", "from": []}, {"kind": "closed", "key": "faders", "from": []}
        split = {"kind": "split", "key": "gifters_often", "from": ["gifters"]}
        found, false = self.judge(("2024Q4", born), ("2025Q2", merged), ("2025Q1", fade), ("2025Q2", closed), ("2025Q3", split))
        self.assertEqual([found[name][1] for name in ("birth", "merge", "fade", "split")], ["first", "second", "second", "missed"])
        self.assertEqual(false, [("2025Q3", "too late, due 2025Q1")])

    def test_false_ones(self):
        born = {"kind": "born", "key": "premium", "from": []}
        wrong = {"kind": "born", "key": "students", "from": []}
        other = {"kind": "closed", "key": "gifters", "from": []}
        _, false = self.judge(("2024Q3", wrong), ("2024Q4", wrong), ("2025Q1", born), ("2025Q2", dict(born)), ("2025Q3", other))
        self.assertEqual(false, [("2024Q3", "in a first report"), ("2024Q4", "of other people"), ("2025Q2", "once more, after 2025Q1"),
                                 ("2025Q3", "not planted")])


class Published(unittest.TestCase):
    """A report of ten active customers in two personas, one of another kind, and one who is not active."""

    def report(self, claims=(), rule=None, labels=("Coffee lovers", "Others")):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        (folder / "tables").mkdir()
        segments = [1] * 6 + [2] * 3 + [99, 0]
        keys = [9_007_199_254_740_993 + n for n in range(len(segments))]  # more than a double holds
        orders = [decimal.Decimal(n) for n in (10, 11, 12, 13, 30, 31, 32, 33, 12, 40, 5)]
        pq.write_table(pa.table({
            "customer_key": pa.array(keys, pa.int64()), "segment": pa.array(segments, pa.int64()), "is_active": [True] * 10 + [False],
            "purchase_days": pa.array([3] * 8 + [1, 4, 9], pa.int64()), "age_days": pa.array(range(11), pa.int64()),
            "recency_days": pa.array(range(11), pa.int64()), "mean_order": pa.array(orders, pa.decimal128(18, 4)),
        }), folder / "tables" / "customers.parquet")
        pq.write_table(pa.table({"customer_key": pa.array(keys[:4], pa.int64()), "habit": ["category"] * 4, "item": ["coffee"] * 4,
                                 "share": [0.9, 0.8, 0.7, 0.1]}), folder / "tables" / "customer_shares.parquet")
        persona = lambda letter, segment, label, **more: {"key": f"de-2024q3-{letter}", "segment": segment, "label": label,
                                                          "lineage": "first seen", "parents": [], "customers": 1, **more}
        (folder / "report.json").write_text(json.dumps({"period": "2024Q3", "previous_period": None, "personas": {"events": [], "ended": [], "personas": [
            persona("a", 1, labels[0], claims=list(claims), rule=rule), persona("b", 2, labels[1])]}}))
        return measure.Report(folder)

    def test_who_is_where(self):
        row, = measure.measured({"seed": 1, "market": "de"}, [self.report()])
        self.assertEqual((row["active"], row["personas"], row["other"]), (10, 2, 0.1))
        self.assertEqual((row["known"], row["known_in_persona"]), (9, 8 / 9))

    def test_claims_are_looked_at_again(self):
        claim = lambda condition, members, everyone: {"condition": condition, "members": members, "everyone": everyone}
        true = claim("mean_order < 20", 4 / 6, 0.5)
        for claims, wrong in (([true], 0), ([dict(true, members=0.7)], 1), ([claim("mean_order >= 12", 4 / 6, 0.8)], 1),
                              ([claim("share(category, 'coffee') >= 0.6", 0.5, 0.3)], 1), ([claim("mean_spend < 20", 0.9, 0.1)], 1)):
            self.assertEqual(len(measure.claims_and_rules(self.report(claims))["claims_wrong"]), wrong, claims)

    def test_rules_are_looked_at_again(self):
        rule = {"rule": "mean_order < 20 and share(category, 'coffee') >= 0.1", "precision": 1.0, "coverage": 4 / 6}
        for given, wrong in ((rule, 0), (dict(rule, rule="mean_order < 20"), 1), (dict(rule, coverage=0.7), 1),
                             (dict(rule, rule="mean_order < 20", precision=0.8), 0), (dict(rule, rule="share(category, 'tea') > 0"), 1)):
            self.assertEqual(len(measure.claims_and_rules(self.report(rule=given))["rules_wrong"]), wrong, given)

    def test_names_that_differ_by_a_number(self):
        self.assertEqual(measure.claims_and_rules(self.report(labels=("Gifters", "Gifters (2)")))["names_wrong"], [["Gifters", "Gifters (2)"]])


if __name__ == "__main__":
    unittest.main()
