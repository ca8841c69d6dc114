"""What forecasts are judged with, on cases by hand."""
import types
import unittest

import numpy as np

import forecasts


def report(year, following, personas, everyone):
    """Two segments of two customers each."""
    columns = {"value_12_months": np.array(year), "next_period_value": np.array(following), "net_lifetime": np.array([2000.0, 30, 3000, 40]),
               "purchase_days": np.array([1.0, 1, 2, 1]), "churn_risk": np.array([0.5] * 4)}
    document = {"models": {"forecast": {"next_period": {"value": everyone}}}}
    return types.SimpleNamespace(columns=columns, document=document, personas=personas, active=np.array([True] * 4), segments=np.array([1, 1, 2, 2]))


class Forecasts(unittest.TestCase):
    def test_what_does_not_hang_together_is_found(self):
        personas = [{"key": "a", "segment": 1, "value": 1200, "next_period": {"value": 1100}}, {"key": "b", "segment": 2, "value": 300, "next_period": None}]
        whole = forecasts.coherence(report([10.0, 2, 3, 0], [9.0, 2, 1, 0], personas, 1200))
        self.assertEqual((whole["incoherent"], whole["zero"], whole["parts"], whole["customers_incoherent"], whole["not_shown"]), ([], [], [], 0, 1))
        broken = forecasts.coherence(report([10.0, 2, 3, 0], [9.0, 4, 0, 0], personas, 1200))
        self.assertEqual((broken["incoherent"], broken["zero"], broken["customers_incoherent"], len(broken["parts"])), ([], ["b"], 1, 2))

    def test_dear_buyers_are_told_by_what_a_purchase_day_brought(self):
        self.assertEqual(forecasts.dear(report([10.0, 2, 6, 2], [0.0] * 4, [], 0)), {"dear": 4.0})
        self.assertEqual(forecasts.dear(report([np.nan] * 4, [0.0] * 4, [], 0)), {})

    def test_calibration_error_is_the_mean_distance_over_tenths(self):
        risks = np.repeat(np.linspace(0.05, 0.95, 10), 10)
        left = np.concatenate([np.arange(10) < tenth for tenth in range(1, 11)]).astype(float)
        self.assertAlmostEqual(forecasts.ece(risks, left), 0.05)

    def test_bars_fail_where_ranges_hold_too_seldom_or_too_often(self):
        row = {"what": "steady", "seed": 1, "market": "de", "personas": 3, "incoherent": [], "zero": [], "parts": [], "not_shown": 0, "customers_incoherent": 0}
        for held, reached in ((60, False), (80, True), (95, False)):
            rows = [dict(row, market_held=[number < held], persona_held=[]) for number in range(100)]
            found = [yes for words, yes in forecasts.bars(forecasts.by_kind(rows)) if "ranges of market" in words]
            self.assertEqual(found, [reached], held)
        wrong = forecasts.bars(forecasts.by_kind([dict(row, incoherent=["a"])]))
        self.assertFalse(wrong[0][1])


if __name__ == "__main__":
    unittest.main()
