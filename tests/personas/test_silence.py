"""What silence.py counts, on cases by hand."""
import unittest
from types import SimpleNamespace

import silence


def mail(sentences=(), headline="", bars=(), kind="changed", start=1000):
    bridge = {"measure": "net_revenue", "start": start, "bars": [{"cause": cause, "amount": amount} for cause, amount in bars]}
    report = {"change_sentences": list(sentences), "bridges": [bridge]}
    return SimpleNamespace(report=report, headline={"sentence": headline, "kind": kind}, kind=kind)


class Contradictions(unittest.TestCase):
    def test_a_verb_needs_two_numbers_that_differ_its_way(self):
        wrong = ["A grew from 18.0 % to 18.0 % of active customers.", "A shrank from 17.0 % to 18.0 % of active customers.",
                 "A spent more an order: typically €10.00, €12.00 last period.", "A ordered less often: 3.00 orders each, 2.50 last period.",
                 "A shrank from 18.0 % to 17.0 % (−1.0 pts: customers who moved +3.6 pts)."]
        right = ["A grew from 18.0 % to 21.0 % of active customers.", "A spent less an order: typically €10.00, €12.00 last period.",
                 "The 12-month value of A grew from €1,200 to €1,300."]
        self.assertEqual(silence.contradictions(mail(wrong)), wrong)
        self.assertEqual(silence.contradictions(mail(right)), [])

    def test_a_total_rises_if_what_customers_moved_is_above_zero(self):
        bars = [("new", 100), ("restatement", -300)]
        for sentence, is_wrong in (("Net revenue of the period rose 14.3 % like for like.", False), ("Net revenue of the period fell 20.0 %.", True),
                                   ("Net revenue of the period rose 0.0 %.", True)):
            self.assertEqual(bool(silence.contradictions(mail(headline=sentence, bars=bars))), is_wrong, sentence)
        self.assertFalse(silence.plain_though_restated(mail(headline="Net revenue of the period rose 14.3 % like for like.", bars=bars)))
        self.assertTrue(silence.plain_though_restated(mail(headline="Net revenue of the period fell 20.0 %.", bars=bars)))


class Lines(unittest.TestCase):
    def test_items_under_what_changed_are_counted(self):
        text = "Title\n\nWHAT CHANGED\n- one\n  goes on\n- two\n\nWHAT DID NOT CHANGE\n- no\n"
        found = SimpleNamespace(text=text, subject="Shop, Q1 2025: 2 changes: A +1.0 pts of customers")
        self.assertEqual((silence.Mail.lines_shown(found), silence.Mail.number(found)), (2, 2))


if __name__ == "__main__":
    unittest.main()
