/*---
about = "What the active customers of each segment bought by category inside the active window; 0 are those without a segment."
grain = ["segment", "category"]
kind = "table"

[columns]
segment = { type = "int64", not_null = true, min = 0, about = "Number of the segment." }
category = { type = "utf8", about = "As in stg_order_lines." }
customers = { type = "int64", min = 0, about = "Active customers who bought it." }
sold_amount = { type = "decimal(18,4)", about = "Amount sold." }
---*/
with

order_lines as (

    select
        customer_key,
        category,
        amount
    from int_order_lines
    where customer_key is not null
        and is_profiled
        and kind = 'sale'
        and order_date >= $active_start

),

active_customers as (

    select
        customer_key,
        segment
    from customers
    where is_active

)

select
    active_customers.segment,
    order_lines.category,
    count(distinct order_lines.customer_key) as customers,
    cast(sum(order_lines.amount) as decimal(18, 4)) as sold_amount
from order_lines
inner join active_customers
    on order_lines.customer_key = active_customers.customer_key
group by
    active_customers.segment,
    order_lines.category
