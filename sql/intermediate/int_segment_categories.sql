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

customer_categories as (

    select
        customer_key,
        category,
        sold_amount
    from int_customer_categories

),

active_customers as (

    select
        customer_key,
        segment
    from int_customers_placed

)

select
    active_customers.segment,
    customer_categories.category,
    count(*) as customers,
    cast(sum(customer_categories.sold_amount) as decimal(18, 4)) as sold_amount
from customer_categories
inner join active_customers
    on customer_categories.customer_key = active_customers.customer_key
group by
    active_customers.segment,
    customer_categories.category
