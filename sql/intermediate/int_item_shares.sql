/*---
about = "Of the drawn customers, shares of single days of the last 12 months by category and by channel, added up: they tell habit from chance."
grain = ["customer_key", "habit", "item"]
kind = "table"

[columns]
customer_key = { type = "int64", not_null = true, about = "Keyed pseudonym." }
habit = { type = "utf8", not_null = true, values = ["category", "channel"], about = "Of what the item is one." }
item = { type = "utf8", not_null = true, about = "Category or channel, as in stg_order_lines." }
day_shares = { type = "decimal(18,6)", about = "Shares of the purchase days, added up." }
day_squares = { type = "decimal(18,6)", about = "Their squares, added up." }
odd_day_shares = { type = "decimal(18,6)", about = "As day_shares, of every second purchase day from the first on; 0 if there are none." }
recent_day_shares = { type = "decimal(18,6)", about = "As day_shares, of the last 91 days; 0 if there are none." }
recent_day_squares = { type = "decimal(18,6)", about = "As day_squares, of the last 91 days." }
---*/
with

item_days as (

    select
        customer_key,
        order_date,
        habit,
        item,
        amount
    from int_item_days

),

day_totals as (

    select
        customer_key,
        order_date,
        habit,
        sum(amount) as total,
        row_number() over (
            partition by
                customer_key,
                habit
            order by order_date
        ) % 2 = 1 as is_odd
    from item_days
    group by
        customer_key,
        order_date,
        habit

),

day_shares as (

    select
        item_days.customer_key,
        item_days.habit,
        item_days.item,
        days_between(item_days.order_date, $as_of) <= 91 as is_recent,
        day_totals.is_odd,
        cast(
            cast(item_days.amount as decimal(28, 10)) / cast(day_totals.total as decimal(28, 4)) as decimal(9, 6)
        ) as share
    from item_days
    inner join day_totals
        on item_days.customer_key = day_totals.customer_key
        and item_days.order_date = day_totals.order_date
        and item_days.habit = day_totals.habit

)

select
    customer_key,
    habit,
    item,
    cast(sum(share) as decimal(18, 6)) as day_shares,
    cast(sum(share * share) as decimal(18, 6)) as day_squares,
    cast(coalesce(sum(share) filter (where is_odd), 0) as decimal(18, 6)) as odd_day_shares,
    cast(coalesce(sum(share) filter (where is_recent), 0) as decimal(18, 6)) as recent_day_shares,
    cast(coalesce(sum(share * share) filter (where is_recent), 0) as decimal(18, 6)) as recent_day_squares
from day_shares
group by
    customer_key,
    habit,
    item
