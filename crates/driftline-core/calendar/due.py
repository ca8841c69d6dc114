"""The calendar against which `due_intervals` is tested: when each period of some calendars falls due, computed without cron.

Run it with Python 3.9 or later; it takes a second:

    python3 crates/driftline-core/calendar/due.py > crates/driftline-core/calendar/due.txt

A period is a list of months written out below, so nothing is computed that the program computes: the months of a year are
dealt out from the month in which it starts, three or six at a time. It falls due at 06:00 of the first day after it that the
pattern names. No zone below changes its clocks at 06:00.
"""

import datetime as dt
import zoneinfo

YEARS = range(2019, 2030)
ZONES = ["Europe/Berlin", "America/New_York", "Pacific/Auckland", "UTC"]
# Kind, months of a period, first month of the year.
CALENDARS = [("quarter", 3, 1), ("half-year", 6, 1), ("quarter", 3, 2), ("quarter", 3, 4), ("half-year", 6, 4), ("half-year", 6, 12)]
# Pattern, the days that it names.
PATTERNS = [
    ("0 6 2 * *", lambda day: day.day == 2),
    ("0 6 1 1,4,7,10 *", lambda day: day.day == 1 and day.month in (1, 4, 7, 10)),
    ("0 6 * * MON", lambda day: day.weekday() == 0),
]


def periods(length, first_month):
    """Name and the first day after each period of the years, oldest first."""
    for year in YEARS:
        months = [(year, month) for month in range(first_month, 13)] + [(year + 1, month) for month in range(1, first_month)]
        parts = [months[at : at + length] for at in range(0, 12, length)]
        for number, part in enumerate(parts, 1):
            last_year, last_month = part[-1]
            after = dt.date(last_year, last_month, 28) + dt.timedelta(days=4)
            prefix = f"{year}" if first_month == 1 else f"FY{year}-{first_month:02}"
            yield f"{prefix}{'Q' if length == 3 else 'H'}{number}", after.replace(day=1)


def main():
    print("# Written by due.py; its header says how. Each period with the second of Unix time at which it falls due.")
    for zone in ZONES:
        for pattern, has_day in PATTERNS:
            for every, length, first_month in CALENDARS:
                print(f"calendar {every} {first_month:02} {zone} {pattern}")
                for name, day in periods(length, first_month):
                    while not has_day(day):
                        day += dt.timedelta(days=1)
                    wall = dt.datetime(day.year, day.month, day.day, 6, tzinfo=zoneinfo.ZoneInfo(zone))
                    print(name, int(wall.timestamp()))


main()
