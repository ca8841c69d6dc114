/*---
about = "What the drawn customers bought on each day of the last 12 months by category and by channel: whom the search for segments looks at."
grain = ["customer_key", "order_date", "habit", "item"]
kind = "table"

[columns]
customer_key = { type = "int64", not_null = true, about = "Keyed pseudonym." }
order_date = { type = "date", not_null = true, about = "Calendar day." }
habit = { type = "utf8", not_null = true, values = ["category", "channel"], about = "Of what the item is one." }
item = { type = "utf8", not_null = true, about = "Category or channel, as in stg_order_lines." }
amount = { type = "decimal(18,4)", not_null = true, min = 0, about = "Amount sold." }
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

drawn_customers as (

    select customer_key
    from fitted.drawn_customers

),

lines_of_items as (

    select
        customer_key,
        order_date,
        'category' as habit,
        category as item,
        amount
    from order_lines
    where category is not null

    union all

    select
        customer_key,
        order_date,
        'channel' as habit,
        channel as item,
        amount
    from order_lines
    where channel is not null

)

select
    lines_of_items.customer_key,
    lines_of_items.order_date,
    lines_of_items.habit,
    lines_of_items.item,
    cast(sum(lines_of_items.amount) as decimal(18, 4)) as amount
from drawn_customers
inner join lines_of_items
    on drawn_customers.customer_key = lines_of_items.customer_key
group by
    lines_of_items.customer_key,
    lines_of_items.order_date,
    lines_of_items.habit,
    lines_of_items.item
