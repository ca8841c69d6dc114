"""What may happen to an export of order lines on its way: one random damage at a time, by a seed.

Each damage takes the objects (name to table, in the order of time), a chance and the names of the columns, changes them, and gives what it did and
whether an honest export could look like the result (`plausible`): then nobody can tell, and it is listed instead of counted.
"""
import datetime
import decimal

import pyarrow as pa
import pyarrow.compute as pc

MONEY = decimal.Decimal


def pick(objects, chance):
    """Mostly one of the last four objects: what happens there is in the quarter's figures."""
    names = sorted(objects)
    return chance.choice(names[-4:]) if chance.random() < 0.7 else chance.choice(names)


def replaced(table, column, values, type_=None):
    at = table.schema.get_field_index(column)
    return table.set_column(at, column, pa.array(values, type_ or table.schema.field(column).type))


def rename_column(objects, chance, columns):
    name, column = pick(objects, chance), chance.choice(sorted(columns.values()))
    other = chance.choice([column.upper(), column + "_id", column.replace("_", " "), "x_" + column])
    objects[name] = objects[name].rename_columns([other if c == column else c for c in objects[name].column_names])
    return f"{name}: {column} is called {other}", False


def rename_object(objects, chance, columns):
    name = pick(objects, chance)
    other = chance.choice(["export of " + name, name.replace(".parquet", " (1).parquet"), "z-" + name])
    objects[other] = objects.pop(name)
    return f"{name} is called {other}", False


def truncate(objects, chance, columns):
    name, part = pick(objects, chance), chance.choice([0.05, 0.2, 0.4, 0.6, 0.8, 0.95])
    table = objects[name]
    objects[name] = table.slice(0, int(part * table.num_rows))
    # What is left of a month by more than the bound is a month like others. A company of one object whose rows are not in the order of their days
    # has less of every month, as a smaller company has: at a first run nothing tells them apart.
    is_like_a_smaller_one = len(objects) == 1 and part > 0.3
    return f"{name}: the first {part:.0%} of its rows", part > 0.45 or is_like_a_smaller_one


def cut_bytes(objects, chance, columns):
    name = pick(objects, chance)
    objects[name] = (objects[name], chance.choice([0.3, 0.9, 0.999]))
    return f"{name}: the first {objects[name][1]:.1%} of its bytes", False


def retype(objects, chance, columns):
    name, column = pick(objects, chance), chance.choice([columns["money"], columns["money"], columns["time"], columns["customer"], columns["order"]])
    table = objects[name]
    if column == columns["money"]:
        kind = chance.choice(["float", "text", "cents", "with a NaN"])
        values = [float(v) for v in table[column].to_pylist()]
        if kind == "text":
            objects[name] = replaced(table, column, [f"{v:.2f}".replace(".", ",") for v in values], pa.string())
        elif kind == "cents":
            objects[name] = replaced(table, column, [round(100 * v) for v in values], pa.int64())
        else:
            values = values if kind == "float" else [float("nan")] + values[1:]
            objects[name] = replaced(table, column, values, pa.float64())
    elif column == columns["time"]:
        kind = chance.choice(["text", "day"])
        type_ = pa.string() if kind == "text" else pa.date32()
        objects[name] = table.set_column(table.schema.get_field_index(column), column, table[column].cast(pa.timestamp("s")).cast(type_))
    else:
        kind = "large text"
        objects[name] = table.set_column(table.schema.get_field_index(column), column, table[column].cast(pa.large_string()))
    return f"{name}: {column} as {kind}", False


def duplicate(objects, chance, columns):
    name, kind = pick(objects, chance), chance.choice(["object", "appended", "every row"])
    table = objects[name]
    if kind == "object":
        objects[name.replace(".parquet", " (copy).parquet")] = table
    elif kind == "every row":
        objects[name] = table.take(pa.array([row for row in range(table.num_rows) for _ in range(2)]))
    else:
        first = chance.randrange(max(1, table.num_rows // 2))
        objects[name] = pa.concat_tables([table, table.slice(first, max(1, table.num_rows // 5))])
    return f"{name}: repeated, {kind}", False


def shift(objects, chance, columns):
    name, days = pick(objects, chance), chance.choice([-90, -45, -30, 30, 45, 90])
    table = objects[name]
    moved = pc.add(table[columns["time"]], pa.scalar(datetime.timedelta(days=days), pa.duration("us")))
    objects[name] = table.set_column(table.schema.get_field_index(columns["time"]), columns["time"], moved)
    # One object of everything is then an export of other days.
    return f"{name}: {days:+} days", len(objects) == 1


def flip_signs(objects, chance, columns):
    name, part = pick(objects, chance), chance.choice([1.0, 0.5, 0.1, 0.03])
    table = objects[name]
    values = [-v if chance.random() < part else v for v in table[columns["money"]].to_pylist()]
    objects[name] = replaced(table, columns["money"], values)
    # Where some are sent back anyhow, a few more may be.
    return f"{name}: {part:.0%} of the signs are turned", part < 0.05


def drop_month(objects, chance, columns):
    every = pa.concat_tables([objects[name].select([columns["time"]]) for name in sorted(objects)])
    months = sorted({(at.year, at.month) for at in every[columns["time"]].to_pylist()})
    year, month = chance.choice(months[-5:]) if chance.random() < 0.7 else chance.choice(months[1:])
    for name, table in list(objects.items()):
        times = table[columns["time"]]
        keep = pc.invert(pc.and_(pc.equal(pc.year(times), year), pc.equal(pc.month(times), month)))
        objects[name] = table.filter(keep)
        if objects[name].num_rows == 0:
            del objects[name]
    return f"no rows of {year}-{month:02}", False


def blank_ids(objects, chance, columns):
    name, column = pick(objects, chance), chance.choice([columns["customer"], columns["order"]])
    blank, part = chance.choice([None, "", "0"]), chance.choice([1.0, 0.3, 0.05])
    table = objects[name]
    objects[name] = replaced(table, column, [blank if chance.random() < part else v for v in table[column].to_pylist()])
    return f"{name}: {part:.0%} of {column} are {blank!r}", False


def zero_rows(objects, chance, columns):
    name = pick(objects, chance)
    objects[name] = objects[name].slice(0, 0)
    return f"{name}: no rows", False


def change_zone(objects, chance, columns):
    name, hours = pick(objects, chance), chance.choice([-9, -6, 1, 2, 9])
    table = objects[name]
    moved = pc.add(table[columns["time"]], pa.scalar(datetime.timedelta(hours=hours), pa.duration("us")))
    objects[name] = table.set_column(table.schema.get_field_index(columns["time"]), columns["time"], moved)
    return f"{name}: {hours:+} hours", True


ALL = [rename_column, rename_object, truncate, cut_bytes, retype, duplicate, shift, flip_signs, drop_month, blank_ids, zero_rows, change_zone]
