/*---
about = "Every day of every customer with what it means for a purchase log: the spend of a purchase day, and the net amount of any day. A day is a purchase if something was sold and not all of it was cancelled before as-of."
grain = ["customer_key", "order_date"]
kind = "view"

[columns]
customer_key = { type = "int64", about = "Keyed pseudonym." }
order_date = { type = "date", about = "Calendar day." }
sold_lines = { type = "int64", min = 0, about = "As in int_customer_days." }
sold_amount = { type = "decimal(18,4)", about = "As in int_customer_days." }
returned_amount = { type = "decimal(18,4)", about = "As in int_customer_days." }
discount_amount = { type = "decimal(18,4)", about = "As in int_customer_days." }
spend = { type = "decimal(18,4)", min = 0, about = "Amount sold less what was cancelled of it before as-of, at least zero; null on a day that counts as no purchase." }
net_amount = { type = "decimal(18,4)", about = "Sold plus returned amounts of the day." }
---*/
with

customer_days as (

    select
        customer_key,
        order_date,
        sold_lines,
        sold_amount,
        returned_amount,
        discount_amount
    from int_customer_days

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
    customer_days.sold_amount,
    customer_days.returned_amount,
    customer_days.discount_amount,
    cast(
        case
            when customer_days.sold_lines > 0 and cancelled_sales.cancelled_amount is null
                then greatest(customer_days.sold_amount, 0)
            when customer_days.sold_lines > 0 and customer_days.sold_amount > cancelled_sales.cancelled_amount
                then greatest(customer_days.sold_amount - cancelled_sales.cancelled_amount, 0)
        end as decimal(18, 4)
    ) as spend,
    cast(customer_days.sold_amount + customer_days.returned_amount as decimal(18, 4)) as net_amount
from customer_days
left join cancelled_sales
    on customer_days.customer_key = cancelled_sales.customer_key
    and customer_days.order_date = cancelled_sales.sale_date
