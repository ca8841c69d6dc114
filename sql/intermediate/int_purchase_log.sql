/*---
about = "Every day of every customer with what it means for a purchase log: the spend of a purchase day, and the net amount of any day."
grain = ["customer_key", "order_date"]
kind = "view"

[columns]
customer_key = { type = "int64", about = "Keyed pseudonym." }
order_date = { type = "date", about = "Calendar day." }
spend = { type = "decimal(18,4)", min = 0, about = "As in int_purchase_days; null on a day that counts as no purchase." }
net_amount = { type = "decimal(18,4)", about = "Sold plus returned amounts of the day." }
---*/
with

customer_days as (

    select
        customer_key,
        order_date,
        sold_amount + returned_amount as net_amount
    from int_customer_days

),

purchase_days as (

    select
        customer_key,
        order_date,
        spend
    from int_purchase_days

)

select
    customer_days.customer_key,
    customer_days.order_date,
    purchase_days.spend,
    cast(customer_days.net_amount as decimal(18, 4)) as net_amount
from customer_days
left join purchase_days
    on customer_days.customer_key = purchase_days.customer_key
    and customer_days.order_date = purchase_days.order_date
