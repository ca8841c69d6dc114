"""The calendar against which `schedule` is tested: every firing of some cron patterns, computed without cron.

Run it with Python 3.9 or later and the tz database that chrono-tz was built from (the test compares the versions); it
takes two minutes:

    python3 crates/driftline-core/calendar/firings.py > crates/driftline-core/calendar/firings.txt

Each pattern below is a rule for days and a list of times, written by hand from what the pattern means. Every wall clock
time fires once: when clocks show it twice, the first time; when they skip it, right after the gap.
"""

import calendar
import datetime as dt
import zoneinfo

UTC = dt.timezone.utc
DAY = dt.timedelta(days=1)

# Zone, first and last year. Sao Paulo had its last summer time in 2019, so it is here twice. Casablanca and Dublin
# count their summer time as the standard; Havana and Sao Paulo change at midnight; Apia skipped 30 December 2011.
ZONES = [
    ("Europe/Berlin", 2020, 2029),
    ("America/New_York", 2020, 2029),
    ("Australia/Lord_Howe", 2020, 2029),
    ("America/Sao_Paulo", 2020, 2029),
    ("UTC", 2020, 2029),
    ("America/Sao_Paulo", 2010, 2019),
    ("America/Havana", 2020, 2029),
    ("Africa/Casablanca", 2020, 2029),
    ("Europe/Dublin", 2020, 2029),
    ("Pacific/Apia", 2010, 2012),
]


def last_day(day):
    return calendar.monthrange(day.year, day.month)[1]


def working_day_near_15(day):
    middle = day.replace(day=15)
    shift = {5: -1, 6: 1}.get(middle.weekday(), 0)  # Saturday back to Friday, Sunday on to Monday
    return day == middle + shift * DAY


def every(minutes):
    return [divmod(minute, 60) for minute in range(0, 24 * 60, minutes)]


# Pattern, which days, which times of them. Python's Monday is 0.
PATTERNS = [
    ("30 2 * * *", lambda day: True, [(2, 30)]),
    ("0 0 1 1,4,7,10 *", lambda day: day.day == 1 and day.month in (1, 4, 7, 10), [(0, 0)]),
    ("0 6 L 3,6,9,12 *", lambda day: day.day == last_day(day) and day.month % 3 == 0, [(6, 0)]),
    ("15 9 * * MON-FRI", lambda day: day.weekday() < 5, [(9, 15)]),
    ("0 2 * * SUN", lambda day: day.weekday() == 6, [(2, 0)]),
    ("0 * * * *", lambda day: True, every(60)),
    ("*/15 * * * *", lambda day: True, every(15)),
    ("0 30 1 * * *", lambda day: True, [(1, 30)]),
    ("0 0 * * *", lambda day: True, [(0, 0)]),
    ("45 23 * * *", lambda day: True, [(23, 45)]),
    ("5 2,3 * * 0,7", lambda day: day.weekday() == 6, [(2, 5), (3, 5)]),
    ("0 6 1-7 * MON", lambda day: day.day <= 7 or day.weekday() == 0, [(6, 0)]),
    ("0 6 1-7 * +MON", lambda day: day.day <= 7 and day.weekday() == 0, [(6, 0)]),
    ("0 6 * * 5L", lambda day: day.weekday() == 4 and day.day + 7 > last_day(day), [(6, 0)]),
    ("0 6 15W * *", working_day_near_15, [(6, 0)]),
    ("30 2 29 2 *", lambda day: (day.month, day.day) == (2, 29), [(2, 30)]),
]


def instant(zone, wall):
    """Seconds of Unix time at which the wall clock time fires."""
    first = int(wall.replace(tzinfo=zone, fold=0).timestamp())
    if dt.datetime.fromtimestamp(first, zone).replace(tzinfo=None) == wall:
        return first
    # Skipped. With fold=0 the offset is that of before the gap, so `first` is after it: go back to the change.
    offset = dt.datetime.fromtimestamp(first, zone).utcoffset()
    while dt.datetime.fromtimestamp(first - 1, zone).utcoffset() == offset:
        first -= 1
    return first


def transitions(zone, start, end):
    """Unix times at which the offset changes, found hour by hour and then second by second."""
    offset = lambda at: dt.datetime.fromtimestamp(at, zone).utcoffset()
    for hour in range(start, end, 3600):
        if offset(hour) != offset(hour + 3600):
            yield next(at for at in range(hour + 1, hour + 3601) if offset(at) != offset(hour))


def fnv_1a(text, value=0xCBF29CE484222325):
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def tz_version():
    for folder in zoneinfo.TZPATH:
        try:
            with open(f"{folder}/tzdata.zi", encoding="ascii") as file:
                return file.readline().split()[-1]
        except OSError:
            pass
    import tzdata

    return tzdata.IANA_VERSION


def main():
    print("# Written by firings.py; its header says how. Times are seconds of Unix time, years are of UTC.")
    print("# year: pattern, year, firings, FNV-1a of them as decimal lines.")
    print("# near: pattern, change of the clocks, firings less than 3 hours from it, in seconds from it.")
    print(f"tz {tz_version()}")
    for name, first_year, last_year in ZONES:
        zone = zoneinfo.ZoneInfo(name)
        midnight = lambda year: int(dt.datetime(year, 1, 1, tzinfo=UTC).timestamp())
        changes = list(transitions(zone, midnight(first_year), midnight(last_year + 1)))
        print(f"zone {name} {first_year} {last_year}", *changes)
        for pattern, has_day, times in PATTERNS:
            firings = set()
            day = dt.date(first_year, 1, 1) - 3 * DAY
            while day.year <= last_year or day.day < 4:
                if has_day(day):
                    firings.update(instant(zone, dt.datetime(day.year, day.month, day.day, *time)) for time in times)
                day += DAY
            firings = sorted(firings)
            print(f"pattern {pattern}")
            # Of a pattern this frequent only the firings near the changes: the test steps through all of them.
            for year in range(first_year, last_year + 1) if len(times) <= 24 else []:
                within = [at for at in firings if midnight(year) <= at < midnight(year + 1)]
                print(f"year {year} {len(within)} {fnv_1a(''.join(f'{at}' + chr(10) for at in within)):016x}")
            for change in changes:
                near = [at - change for at in firings if abs(at - change) < 3 * 3600]
                if near:
                    print(f"near {change}", *near)


main()
