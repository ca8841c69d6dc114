"""Derives this compact export from the full line-level data of "The Complete Journey 2.0".

    python derive.py INPUT OUTPUT          (needs pyarrow and duckdb, nothing else)

INPUT holds transactions/month=*/, products/, customers/, marketing/ and the reference figures facts.json.
OUTPUT receives market=us/ and facts.json; README.md says what each column means.
The same input and the same library versions give the same bytes. Nothing is written if a check on the input fails.
"""

import json
import sys
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

MONEY = ["sales_value", "retail_disc", "coupon_disc", "coupon_match_disc"]


def cents(column):
    """The value in whole cents: sums of doubles depend on their order, sums of integers do not."""
    return f"cast(round({column} * 100) as bigint)"


BASKET_LINES = f"""
create table basket_lines as
select
    strftime(transaction_timestamp, '%Y-%m') as month,
    transactions.household_id,
    transactions.basket_id,
    cast(transactions.transaction_timestamp as timestamp) as transaction_timestamp,
    products.department,
    {"".join(f"cast(sum({cents(column)}) as double) / 100 as {column}, " for column in MONEY)}
    cast(count(*) as integer) as lines,
    cast(count(*) filter (products.brand = 'Private') as integer) as lines_private_label,
    cast(count(*) filter (transactions.quantity = 0) as integer) as lines_zero_quantity
from transactions
left join products using (product_id)
group by all
"""

CAMPAIGNS = """
select
    campaigns.campaign_id,
    campaigns.household_id,
    campaign_descriptions.campaign_type,
    cast(campaign_descriptions.start_date as date) as start_date,
    cast(campaign_descriptions.end_date as date) as end_date
from campaigns
left join campaign_descriptions using (campaign_id)
order by campaign_id, household_id
"""

COUPON_REDEMPTIONS = """
select household_id, coupon_upc, campaign_id, cast(redemption_date as date) as redemption_date
from coupon_redemptions
order by household_id, redemption_date, campaign_id, coupon_upc
"""

# Each query counts what must not exist in the input, or what must not get lost on the way.
CHECKS = {
    "a product has one row": "select count(*) - count(distinct product_id) from products",
    "a product has a department": "select count(*) from products where department is null",
    "a basket has one household and one timestamp": """
        select count(*) from (
            select basket_id from transactions group by basket_id
            having count(distinct household_id) > 1 or count(distinct transaction_timestamp) > 1)""",
    "a timestamp is not finer than a microsecond": """
        select count(*) from transactions
        where transaction_timestamp is null or epoch_ns(transaction_timestamp) % 1000 <> 0""",
    "an amount is whole cents, up to the noise of a double": f"""
        select count(*) from transactions
        where ({" and ".join(f"abs({column} - {cents(column)} / 100) < 1e-8" for column in MONEY)}) is not true""",
    "a campaign has one description": """
        select abs((select count(*) from campaigns) - (
            select count(*) from campaigns join campaign_descriptions using (campaign_id)))""",
    "a marketing date is a midnight": """
        select (select count(*) from coupon_redemptions where redemption_date <> date_trunc('day', redemption_date))
            + (select count(*) from campaign_descriptions
               where start_date <> date_trunc('day', start_date) or end_date <> date_trunc('day', end_date))""",
    "a basket has one row a department": """
        select count(*) from (
            select basket_id, department from basket_lines group by basket_id, department having count(*) > 1)""",
    "no line is lost": "select (select count(*) from transactions) - (select sum(lines) from basket_lines)",
    **{
        f"no cent of {column} is lost": f"""
            select (select sum({cents(column)}) from transactions) - (select sum({cents(column)}) from basket_lines)"""
        for column in MONEY
    },
}

FACTS = [
    "quarters_local",
    "quarters_utc",
    "retention_local",
    "top_departments_local",
    "sample_customers_local",
    "revenue_by_age_local",
    "marketing",
]
# Figures that need quantities, products, stores or single lines, which the compact export does not have.
NOT_COMPUTABLE = {"units", "units_excl_fuel_misc", "zero_value_lines", "stores", "products"}


def main(source, target):
    db = duckdb.connect()
    for table, files in {
        "transactions": "transactions/month=*/*.parquet",
        "products": "products/products.parquet",
        "demographics": "customers/demographics.parquet",
        "campaigns": "marketing/campaigns.parquet",
        "campaign_descriptions": "marketing/campaign_descriptions.parquet",
        "coupon_redemptions": "marketing/coupon_redemptions.parquet",
    }.items():
        db.read_parquet(str(source / files), hive_partitioning=False).create_view(table)
    db.execute(BASKET_LINES)
    for promise, violations in CHECKS.items():
        found = db.execute(violations).fetchone()[0]
        if found != 0:
            sys.exit(f"check failed: {promise} ({found} violations)")

    market = target / "market=us"
    for (month,) in db.execute("select distinct month from basket_lines order by month").fetchall():
        rows = db.sql(
            """
            select * exclude (month) from basket_lines where month = $month
            order by transaction_timestamp, basket_id, department nulls last
            """,
            params={"month": month},
        )
        write(
            rows,
            market / "basket_lines" / f"month={month}",
            dictionary=["department", *MONEY],
            encoding={
                "household_id": "PLAIN",
                "basket_id": "PLAIN",
                "transaction_timestamp": "DELTA_BINARY_PACKED",
                "lines": "BYTE_STREAM_SPLIT",
                "lines_private_label": "BYTE_STREAM_SPLIT",
                "lines_zero_quantity": "BYTE_STREAM_SPLIT",
            },
        )
    write(
        db.sql("select * from demographics order by household_id"),
        market / "demographics",
        dictionary=[
            "age",
            "income",
            "home_ownership",
            "marital_status",
            "household_size",
            "household_comp",
            "kids_count",
        ],
        encoding={"household_id": "DELTA_BINARY_PACKED"},
    )
    write(
        db.sql(CAMPAIGNS),
        market / "campaigns",
        dictionary=["campaign_id", "campaign_type", "start_date", "end_date"],
        encoding={"household_id": "DELTA_BINARY_PACKED"},
    )
    write(
        db.sql(COUPON_REDEMPTIONS),
        market / "coupon_redemptions",
        dictionary=["coupon_upc", "campaign_id", "redemption_date"],
        encoding={"household_id": "DELTA_BINARY_PACKED"},
    )
    facts = compact_facts(json.loads((source / "facts.json").read_text()))
    (target / "facts.json").write_text(json.dumps(facts, indent=1) + "\n")


def write(rows, folder, dictionary, encoding):
    """Writes one object, one row group and one page a column: these files are small and always read whole."""
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(
        rows.to_arrow_table(),
        folder / "part-00000.parquet",
        compression="zstd",
        compression_level=19,
        use_dictionary=dictionary,
        column_encoding=encoding,
        dictionary_pagesize_limit=1 << 26,
        data_page_size=1 << 26,
        max_rows_per_page=1 << 20,
        write_batch_size=1 << 20,
        store_schema=False,
    )


def compact_facts(full):
    """Copies the reference figures that survive the sums; it computes none, so that they stay a judge of the export."""
    definitions = {key: text for key, text in full["definitions"].items() if key not in NOT_COMPUTABLE}
    definitions |= {
        "origin": "copied from figures computed over the full line-level data, never from the compact files",
        "lines": "source lines: sum(lines) of the compact export, not its rows",
        "zero_quantity_lines": "sum(lines_zero_quantity)",
        "lines_without_product": "sum(lines) where department is null",
        "top_departments_local": "category is the department; eight by revenue in each quarter",
        "revenue_by_age_local": "households without a row in demographics are '(no demographics)'",
        "totals": "whole data; first_ts and last_ts are UTC as stored",
        "sample_customers_local": "first_purchase and last_purchase are local time",
        "marketing": "by quarter of start_date and of redemption_date, which are local dates",
    }
    kept = {"definitions": definitions, "totals": computable(full["totals"])}
    return kept | {section: computable(full[section]) for section in FACTS}


def computable(facts):
    if isinstance(facts, dict):
        return {key: computable(value) for key, value in facts.items() if key not in NOT_COMPUTABLE}
    if isinstance(facts, list):
        return [computable(fact) for fact in facts]
    return facts


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python derive.py INPUT OUTPUT")
    main(Path(sys.argv[1]), Path(sys.argv[2]))
