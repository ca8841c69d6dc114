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

category_days as (

    select
        customer_key,
        order_date,
        category,
        amount
    from int_category_days

),

category_totals as (

    select
        customer_key,
        order_date,
        sum(amount) as total
    from category_days
    group by
        customer_key,
        order_date

),

category_shares as (

    select
        category_days.customer_key,
        category_days.category as item,
        category_days.amount,
        days_between(category_days.order_date, $as_of) <= 91 as is_recent,
        cast(
            cast(category_days.amount as decimal(28, 10)) / cast(category_totals.total as decimal(28, 4)) as decimal(9, 6)
        ) as share
    from category_days
    inner join category_totals
        on category_days.customer_key = category_totals.customer_key
        and category_days.order_date = category_totals.order_date

),

category_summed as (

    select
        customer_key,
        item,
        sum(amount) as amount,
        sum(share) as day_shares,
        sum(share * share) as day_squares,
        coalesce(sum(share) filter (where is_recent), 0) as recent_day_shares,
        coalesce(sum(share * share) filter (where is_recent), 0) as recent_day_squares
    from category_shares
    group by
        customer_key,
        item

),

channel_days as (

    select
        customer_key,
        order_date,
        channel,
        amount
    from int_channel_days

),

channel_totals as (

    select
        customer_key,
        order_date,
        sum(amount) as total
    from channel_days
    group by
        customer_key,
        order_date

),

channel_shares as (

    select
        channel_days.customer_key,
        channel_days.channel as item,
        channel_days.amount,
        days_between(channel_days.order_date, $as_of) <= 91 as is_recent,
        cast(
            cast(channel_days.amount as decimal(28, 10)) / cast(channel_totals.total as decimal(28, 4)) as decimal(9, 6)
        ) as share
    from channel_days
    inner join channel_totals
        on channel_days.customer_key = channel_totals.customer_key
        and channel_days.order_date = channel_totals.order_date

),

channel_summed as (

    select
        customer_key,
        item,
        sum(amount) as amount,
        sum(share) as day_shares,
        sum(share * share) as day_squares,
        coalesce(sum(share) filter (where is_recent), 0) as recent_day_shares,
        coalesce(sum(share * share) filter (where is_recent), 0) as recent_day_squares
    from channel_shares
    group by
        customer_key,
        item

),

summed as (

    select
        'category' as habit,
        *
    from category_summed

    union all

    select
        'channel' as habit,
        *
    from channel_summed

),

totals as (

    select
        customer_key,
        'category' as habit,
        sum(amount) as total
    from category_days
    group by customer_key

    union all

    select
        customer_key,
        'channel' as habit,
        sum(amount) as total
    from channel_days
    group by customer_key

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
