/*---
about = "What each customer bought in the last 12 months by category and by channel: shares of what was bought, and shares of single days added up, which tell habit from chance."
grain = ["customer_key", "habit", "item"]
kind = "table"

[columns]
customer_key = { type = "int64", not_null = true, about = "Keyed pseudonym." }
habit = { type = "utf8", not_null = true, values = ["category", "channel"], about = "Of what the item is one." }
item = { type = "utf8", not_null = true, about = "Category or channel, as in stg_order_lines." }
sold_amount = { type = "decimal(18,4)", about = "Amount sold." }
share = { type = "decimal(9,6)", min = 0, max = 1, about = "Of all that the customer bought where the export tells the item." }
day_shares = { type = "decimal(18,6)", about = "Shares of the purchase days, added up." }
day_squares = { type = "decimal(18,6)", about = "Their squares, added up." }
recent_day_shares = { type = "decimal(18,6)", about = "As day_shares, of the last 91 days; 0 if there are none." }
recent_day_squares = { type = "decimal(18,6)", about = "As day_squares, of the last 91 days." }
---*/
with

order_lines as (

    select
        customer_key,
        order_date,
        category,
        channel,
        amount
    from int_order_lines
    where customer_key is not null
        and is_profiled
        and kind = 'sale'
        and amount > 0
        and order_date >= $year_start

),

items_by_day as (

    select
        customer_key,
        order_date,
        'category' as habit,
        category as item,
        sum(amount) as amount
    from order_lines
    where category is not null
    group by
        customer_key,
        order_date,
        category

    union all

    select
        customer_key,
        order_date,
        'channel' as habit,
        channel as item,
        sum(amount) as amount
    from order_lines
    where channel is not null
    group by
        customer_key,
        order_date,
        channel

),

totals_by_day as (

    select
        customer_key,
        order_date,
        habit,
        sum(amount) as total
    from items_by_day
    group by
        customer_key,
        order_date,
        habit

),

shares_by_day as (

    select
        items_by_day.customer_key,
        items_by_day.habit,
        items_by_day.item,
        items_by_day.amount,
        days_between(items_by_day.order_date, $as_of) <= 91 as is_recent,
        cast(
            cast(items_by_day.amount as decimal(28, 10)) / cast(totals_by_day.total as decimal(28, 4)) as decimal(9, 6)
        ) as share
    from items_by_day
    inner join totals_by_day
        on items_by_day.customer_key = totals_by_day.customer_key
        and items_by_day.order_date = totals_by_day.order_date
        and items_by_day.habit = totals_by_day.habit

),

summed as (

    select
        customer_key,
        habit,
        item,
        sum(amount) as amount,
        sum(share) as day_shares,
        sum(share * share) as day_squares,
        coalesce(sum(share) filter (where is_recent), 0) as recent_day_shares,
        coalesce(sum(share * share) filter (where is_recent), 0) as recent_day_squares
    from shares_by_day
    group by
        customer_key,
        habit,
        item

),

totals as (

    select
        customer_key,
        habit,
        sum(amount) as total
    from summed
    group by
        customer_key,
        habit

)

select
    summed.customer_key,
    summed.habit,
    summed.item,
    cast(summed.amount as decimal(18, 4)) as sold_amount,
    cast(cast(summed.amount as decimal(28, 10)) / cast(totals.total as decimal(28, 4)) as decimal(9, 6)) as share,
    cast(summed.day_shares as decimal(18, 6)) as day_shares,
    cast(summed.day_squares as decimal(18, 6)) as day_squares,
    cast(summed.recent_day_shares as decimal(18, 6)) as recent_day_shares,
    cast(summed.recent_day_squares as decimal(18, 6)) as recent_day_squares
from summed
inner join totals
    on summed.customer_key = totals.customer_key
    and summed.habit = totals.habit
