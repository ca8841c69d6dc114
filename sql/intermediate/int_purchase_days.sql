/*---
about = "The days that count as a purchase: something was sold and not all of it was cancelled before as-of."
grain = ["customer_key", "order_date"]
kind = "view"

[columns]
customer_key = { type = "int64", about = "Keyed pseudonym." }
order_date = { type = "date", about = "Day of the purchase." }
sold_lines = { type = "int64", min = 1, about = "Source lines sold." }
spend = { type = "decimal(18,4)", about = "Amount sold less what was cancelled of it before as-of; at least zero." }
---*/
with

customer_days as (

    select
        customer_key,
        order_date,
        sold_lines,
        sold_amount
    from int_customer_days
    where sold_lines > 0

),

cancelled_sales as (

    select
        pseudonym($pseudonym_key, customer_id) as customer_key,
        sale_date,
        sum(amount) as cancelled_amount
    from stg_cancelled_sales
    where cancelled_on < $as_of
    group by
        pseudonym($pseudonym_key, customer_id),
        sale_date

)

select
    customer_days.customer_key,
    customer_days.order_date,
    customer_days.sold_lines,
    cast(
        greatest(customer_days.sold_amount - coalesce(cancelled_sales.cancelled_amount, 0), 0) as decimal(18, 4)
    ) as spend
from customer_days
left join cancelled_sales
    on customer_days.customer_key = cancelled_sales.customer_key
    and customer_days.order_date = cancelled_sales.sale_date
where cancelled_sales.cancelled_amount is null
    or customer_days.sold_amount > cancelled_sales.cancelled_amount
