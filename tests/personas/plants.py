"""Changes planted into the exports of the shop `steady`, in which nothing else ever happens: from 2025Q2 on, the past as it was.

value   everything costs 5 % more: everybody spends more an order
prices  what one kind buys (often and dear, one customer in six) costs 25 % more
share   65 people of that kind come within a month: about three points of the active customers
"""
import datetime
import decimal
import random

import pyarrow as pa
import pyarrow.parquet as pq

import shops

FROM = datetime.datetime(2025, 4, 1)
PERIOD = "2025Q2"
NEWCOMERS = 65


def is_frequent_and_dear(customer):
    return customer.startswith("c") and int(customer[1:]) % 6 == 3


def value(row, _):
    return 1.05


def prices(row, _):
    return 1.25 if is_frequent_and_dear(row["customer_id"]) else 1.0


def share(row, _):
    return 1.0


PLANTS = {"value": value, "prices": prices, "share": share}


def planted_people(plant, rows):
    """Ids of those whom a plant is about; everybody of `value`."""
    ids = {row["customer_id"] for row in rows}
    if plant == "prices":
        return {customer for customer in ids if is_frequent_and_dear(customer)}
    if plant == "share":
        return {customer for customer in ids if customer.startswith("n")}
    return ids


def write(plant, source, folder, seed):
    """Writes FOLDER/market=de/order_lines/part-0.parquet from the exports of `steady`; returns the ids of those planted."""
    file = "market=de/order_lines/part-0.parquet"
    rows = pq.read_table(source / file).to_pylist()
    for row in rows:
        if row["ordered_at"] >= FROM:
            factor = decimal.Decimal(str(PLANTS[plant](row, seed)))
            row["net_amount"] = (row["net_amount"] * factor).quantize(decimal.Decimal("0.01"))
    if plant == "share":
        rows += newcomers(seed)
    rows.sort(key=lambda row: (row["ordered_at"], row["order_id"]))
    target = folder / file
    target.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=shops.SCHEMA), target)
    return planted_people(plant, rows)


def newcomers(seed):
    """People who buy often and dear from the first month of the quarter on, as those of the shop do."""
    chance, rows, orders = random.Random(1000 + seed), [], 0
    first = (FROM.date() - shops.DAY_0).days
    for n in range(NEWCOMERS):
        day = first + chance.randrange(30)
        while day < shops.DAYS:
            orders += 1
            at = datetime.datetime.combine(shops.DAY_0 + datetime.timedelta(days=day), datetime.time(12))
            amount = decimal.Decimal(f"{chance.lognormvariate(3.6, 0.3):.2f}")
            line = {"order_id": f"n{orders}", "customer_id": f"n{n}", "ordered_at": at, "category": "food",
                    "product": f"p{chance.randrange(9)}", "quantity": 1, "net_amount": amount}
            rows += [dict(line), dict(line)]
            day += 1 + int(chance.expovariate(1 / 25))
    return rows
