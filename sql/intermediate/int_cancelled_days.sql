/*---
about = "Purchase days that lost something to a cancellation, by the day on which that became known: what an earlier day must not know yet. Backtests look at the past as it was known then."
grain = ["customer_key", "order_date", "cancelled_on"]
kind = "view"

[columns]
customer_key = { type = "int64", about = "Keyed pseudonym." }
order_date = { type = "date", about = "Day of the purchase." }
cancelled_on = { type = "date", about = "Day of the cancellation; it is known from the day after." }
sold_amount = { type = "decimal(18,4)", about = "Amount sold on the day of the purchase." }
cancelled_amount = { type = "decimal(18,4)", about = "What was cancelled of it on that later day." }
---*/
with

customer_days as (

    select
        customer_key,
        order_date,
        sold_amount
    from int_customer_days
    where sold_lines > 0

),

cancelled_sales as (

    select
        pseudonym($pseudonym_key, customer_id) as customer_key,
        sale_date,
        cancelled_on,
        sum(amount) as cancelled_amount
    from stg_cancelled_sales
    where cancelled_on < $as_of
    group by
        pseudonym($pseudonym_key, customer_id),
        sale_date,
        cancelled_on

)

select
    customer_days.customer_key,
    customer_days.order_date,
    cancelled_sales.cancelled_on,
    customer_days.sold_amount,
    cast(cancelled_sales.cancelled_amount as decimal(18, 4)) as cancelled_amount
from customer_days
inner join cancelled_sales
    on customer_days.customer_key = cancelled_sales.customer_key
    and customer_days.order_date = cancelled_sales.sale_date
