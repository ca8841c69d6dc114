/*---
about = "What was sold of each product last period and this one, from today's data: what a change of price, quantity and assortment is worked out from. Without a product the category stands for it; the row without either holds the lines that name none or have no usable quantity. Empty if the exports do not count units."
grain = ["product", "category"]
kind = "table"
publish = true
after = "adjacent"

[columns]
product = { type = "utf8", about = "As in stg_order_lines." }
category = { type = "utf8", about = "As in stg_order_lines, for lines without a product." }
customers_before = { type = "int64", min = 0, about = "Distinct customers who bought it last period; guests are not counted." }
customers_now = { type = "int64", min = 0, about = "The same of this period." }
units_before = { type = "int64", min = 0, about = "Units sold last period." }
units_now = { type = "int64", min = 0, about = "The same of this period." }
amount_before = { type = "decimal(18,4)", about = "Amount of the sale lines of last period." }
amount_now = { type = "decimal(18,4)", about = "The same of this period." }
largest_before = { type = "decimal(18,4)", about = "Of the amount, what the customer who spent most on it paid; null if only guests bought it." }
largest_now = { type = "decimal(18,4)", about = "The same of this period." }
---*/
with

order_lines as (

    select
        case when quantity > 0 then product end as product,
        case when quantity > 0 and product is null then category end as category,
        customer_id,
        greatest(quantity, 0) as quantity,
        amount,
        -- Months since the start of this period; those of last period are below zero.
        month_number(order_date) - month_number($period_start) as months_after
    from stg_order_lines
    where kind = 'sale'
        and quantity is not null
        and order_date < $as_of

),

-- A customer is counted once a product, so that no set of customers has to be kept for each product.
products_of_customers as (

    select
        product,
        category,
        customer_id,
        sum(case when months_after < 0 then 1 else 0 end) as lines_before,
        sum(case when months_after >= 0 then 1 else 0 end) as lines_now,
        sum(case when months_after < 0 then quantity else 0 end) as units_before,
        sum(case when months_after >= 0 then quantity else 0 end) as units_now,
        sum(case when months_after < 0 then amount else 0 end) as amount_before,
        sum(case when months_after >= 0 then amount else 0 end) as amount_now
    from order_lines
    where months_after >= -$period_months
    group by
        product,
        category,
        customer_id

)

select
    product,
    category,
    sum(case when customer_id is not null and lines_before > 0 then 1 else 0 end) as customers_before,
    sum(case when customer_id is not null and lines_now > 0 then 1 else 0 end) as customers_now,
    sum(units_before) as units_before,
    sum(units_now) as units_now,
    cast(sum(amount_before) as decimal(18, 4)) as amount_before,
    cast(sum(amount_now) as decimal(18, 4)) as amount_now,
    cast(max(case when customer_id is not null then amount_before end) as decimal(18, 4)) as largest_before,
    cast(max(case when customer_id is not null then amount_now end) as decimal(18, 4)) as largest_now
from products_of_customers
group by
    product,
    category
