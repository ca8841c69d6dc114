/*---
about = "What each customer bought of each category and through each channel."
grain = ["customer_key", "habit", "item"]
kind = "table"

[columns]
customer_key = { type = "int64", not_null = true, about = "Keyed pseudonym." }
habit = { type = "utf8", not_null = true, values = ["category", "channel"], about = "Of what the item is one." }
item = { type = "utf8", about = "Category or channel, as in stg_order_lines; null if unknown." }
active_amount = { type = "decimal(18,4)", about = "Amount sold in the active window; null if nothing." }
year_amount = { type = "decimal(18,4)", not_null = true, min = 0, about = "Amount of the sales above zero in the last 12 months." }
recent_amount = { type = "decimal(18,4)", not_null = true, min = 0, about = "The same of the last 91 days." }
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
        and order_date >= least($active_start, $year_start)

),

categories as (

    select
        customer_key,
        category as item,
        sum(amount) filter (where order_date >= $active_start) as active_amount,
        sum(case when order_date >= $year_start then greatest(amount, 0) else 0 end) as year_amount,
        sum(case when days_between(order_date, $as_of) <= 91 then greatest(amount, 0) else 0 end) as recent_amount
    from order_lines
    group by
        customer_key,
        category

),

channels as (

    select
        customer_key,
        channel as item,
        sum(amount) filter (where order_date >= $active_start) as active_amount,
        sum(case when order_date >= $year_start then greatest(amount, 0) else 0 end) as year_amount,
        sum(case when days_between(order_date, $as_of) <= 91 then greatest(amount, 0) else 0 end) as recent_amount
    from order_lines
    where channel is not null
    group by
        customer_key,
        channel

),

both as (

    select
        'category' as habit,
        *
    from categories

    union all

    select
        'channel' as habit,
        *
    from channels

)

select
    customer_key,
    habit,
    item,
    cast(active_amount as decimal(18, 4)) as active_amount,
    cast(year_amount as decimal(18, 4)) as year_amount,
    cast(recent_amount as decimal(18, 4)) as recent_amount
from both
