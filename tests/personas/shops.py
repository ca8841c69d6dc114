#!/usr/bin/env python3
"""Writes small shops with a known truth, as exports for the staging of `driftline init` (market de). The same seed writes the same bytes.

    shops.py OUT [SHOP ...] [--seed N]

once    everybody buys exactly once, evenly over three years: nothing can be known of anybody but the first order
grow    half as many customers again every year, 2 % buy again; a second product (kettle) from 2024, baskets of two from mid-2024
bikes   one customer in four buys a dear bike and mostly again, the others a cheap part once
steady  regular customers, often or seldom, cheap or dear, one line or two; nothing ever changes
seasons four kinds of customers, who buy at rates of their own until they stop (MBG/NBD); quarters of the year differ by 0, 15 or 30 %, and every
        quarter is moved by a shock of 0, 5 or 10 % that fades (by the seed, one of three)
cohort  customers of one quarter, like CDNOW's: most buy once, some go on for years; nobody new comes later

Needs pyarrow.
"""
import argparse
import bisect
import datetime
import decimal
import math
import pathlib
import random

import pyarrow as pa
import pyarrow.parquet as pq

DAY_0 = datetime.date(2023, 1, 1)
DAYS = 1096  # three whole years, until 2025-12-31
SCHEMA = pa.schema([
    ("order_id", pa.string()), ("customer_id", pa.string()), ("ordered_at", pa.timestamp("us")), ("category", pa.string()),
    ("product", pa.string()), ("quantity", pa.int64()), ("net_amount", pa.decimal128(18, 2)),
])


class Shop:
    def __init__(self, seed):
        self.seed, self.random, self.rows, self.orders = seed, random.Random(seed), [], 0

    def order(self, customer, day, *items):
        """Items are (category, product, quantity, amount); nothing happens after the last day."""
        if day >= DAYS:
            return
        self.orders += 1
        at = datetime.datetime.combine(DAY_0 + datetime.timedelta(days=day), datetime.time(12))
        for category, product, quantity, amount in items:
            self.rows.append((f"o{self.orders}", customer, at, category, product, quantity, amount))


def once(shop):
    chance = shop.random
    for n in range(6000):
        shop.order(f"c{n}", chance.randrange(DAYS), ("home", chance.choice(["lamp", "vase", "tray"]), 1, chance.choice([24.5, 39.0, 64.0])))


def grow(shop):
    chance, n = shop.random, 0
    for first in range(DAYS):
        rate = 6 * 1.5 ** (first / 365)
        for _ in range(int(rate) + (chance.random() < rate % 1)):
            n, day = n + 1, first
            while True:
                items = 1 if day < 547 or chance.random() < 0.7 else 2
                names = ["kettle" if day >= 365 and chance.random() < 0.2 else "teapot" for _ in range(items)]
                shop.order(f"c{n}", day, *(("kitchen", name, 1, {"teapot": 42.0, "kettle": 55.0}[name]) for name in names))
                if chance.random() >= 0.02:
                    break
                day += chance.randint(5, 90)


def bikes(shop):
    chance = shop.random

    def bike(customer, day):
        shop.order(customer, day, ("bikes", "bike", 1, round(chance.uniform(1500, 2500), 2)))

    for n in range(2500):
        day = chance.randrange(DAYS - 16)
        if n % 4:
            shop.order(f"c{n}", day, ("parts", "tube", 1, round(chance.uniform(20, 80), 2)))
            continue
        bike(f"c{n}", day)
        for _ in range(2 if n % 80 == 0 else 1):
            day += chance.randrange(150, 350)
            if chance.random() < 0.8:
                bike(f"c{n}", day)


def steady(shop):
    chance = shop.random
    for n in range(1500):
        is_frequent, is_dear, lines = n % 2, n % 3 == 0, 1 + n % 2
        day = chance.randrange(60)
        while day < DAYS:
            item = ("food", f"p{chance.randrange(9)}", 1, round(chance.lognormvariate(3.6 if is_dear else 2.2, 0.3), 2))
            shop.order(f"c{n}", day, *((item,) * lines))
            day += 1 + int(chance.expovariate(1 / (25 if is_frequent else 90)))


def comes_back(chance, rate, stop, advance, day):
    """Days of a customer from the first on, who stops after each with probability `stop`; `advance` turns days at a steady rate into days."""
    while day < DAYS:
        yield day
        if chance.random() < stop:
            return
        day = max(day + 1, advance(day, chance.expovariate(rate)))


def seasons(shop):
    chance = shop.random
    size = shop.seed % 3
    season = [math.exp(chance.gauss(0, (0, 0.15, 0.3)[size])) for _ in range(4)]
    level, levels = 0.0, []
    for quarter in range(13):
        level = 0.7 * level + chance.gauss(0, (0, 0.05, 0.1)[size])
        levels.append(math.exp(level) * season[quarter % 4])
    pace = [0.0]
    for day in range(DAYS):
        pace.append(pace[-1] + levels[min(12, day * 4 // 365)])

    def advance(day, wait):
        return bisect.bisect_left(pace, pace[day] + wait)

    kinds = [(0.01 * math.exp(chance.gauss(0, 0.7)), chance.uniform(0.5, 2.5), chance.uniform(0.02, 0.3), chance.uniform(1, 6),
              60 * math.exp(chance.gauss(0, 0.8)), chance.uniform(0.2, 0.6), chance.uniform(0.2, 0.6)) for _ in range(4)]
    for n in range((1000, 1500, 800)[size] * 3 // 2):
        mean, shape, dropout, certainty, spend, between, within = kinds[n % 4]
        first = chance.randrange(DAYS + 200) - 200  # some were there before the first day
        rate = max(chance.gammavariate(shape, mean / shape), 1e-6)
        stop = chance.betavariate(dropout * certainty, (1 - dropout) * certainty)
        own = math.log(spend) + chance.gauss(0, between)
        for day in comes_back(chance, rate, stop, advance, max(first, 0)):
            shop.order(f"c{n}", day, ("goods", f"p{n % 4}", 1, round(math.exp(own + chance.gauss(0, within)), 2)))


def cohort(shop):
    chance = shop.random
    for n in range(2000):
        # The parameters that the literature prints for CDNOW: BG/NBD (r .243, alpha 4.414 weeks, a .793, b 2.426), Gamma-Gamma (6.25, 3.74, 15.44).
        rate = max(chance.gammavariate(0.243, 1 / 4.414) / 7, 1e-7)
        stop = chance.betavariate(0.793, 2.426)
        scale = chance.gammavariate(3.74, 1 / 15.44)
        day, is_first = chance.randrange(90), True
        while day < DAYS:
            shop.order(f"c{n}", day, ("music", "album", 1, round(max(chance.gammavariate(6.25, 1 / scale), 0.5), 2)))
            if not is_first and chance.random() < stop:
                break
            is_first = False
            day += 1 + int(chance.expovariate(rate))


SHOPS = {"once": once, "grow": grow, "bikes": bikes, "steady": steady, "seasons": seasons, "cohort": cohort}


def write(name, folder, seed):
    """Writes FOLDER/market=de/order_lines/part-0.parquet."""
    shop = Shop(seed)
    SHOPS[name](shop)
    shop.rows.sort(key=lambda row: (row[2], row[0]))
    amount = SCHEMA.get_field_index("net_amount")
    columns = [list(column) for column in zip(*shop.rows)]
    columns[amount] = [decimal.Decimal(f"{value:.2f}") for value in columns[amount]]
    target = pathlib.Path(folder) / "market=de" / "order_lines"
    target.mkdir(parents=True, exist_ok=True)
    table = pa.table([pa.array(values, field.type) for values, field in zip(columns, SCHEMA)], schema=SCHEMA)
    pq.write_table(table, target / "part-0.parquet")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("out", type=pathlib.Path)
    arguments.add_argument("shops", nargs="*", help=f"of {', '.join(SHOPS)}; default all")
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    unknown = set(given.shops) - set(SHOPS)
    if unknown:
        arguments.error(f"no shop is called {', '.join(sorted(unknown))}")
    for name in given.shops or SHOPS:
        write(name, given.out / name, given.seed)
        print(name)


if __name__ == "__main__":
    main()
