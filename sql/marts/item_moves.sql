/*---
about = "What was sold of each category and of each product and sent back of it, last period and this one, from today's data: what new and dropped lines and returns are told from. One level at a time adds up to what was sold where the export tells it."
grain = ["level", "item"]
kind = "table"
publish = true
after = "adjacent"

[columns]
level = { type = "utf8", not_null = true, values = ["category", "product"], about = "What the item is." }
item = { type = "utf8", not_null = true, about = "Category or product, as in stg_order_lines." }
first_sold_on = { type = "date", about = "First day on which it was ever sold in these exports; null if it only came back." }
customers_before = { type = "int64", min = 0, about = "Distinct customers who bought it last period; guests are not counted." }
customers_now = { type = "int64", min = 0, about = "The same of this period." }
sold_before = { type = "decimal(18,4)", about = "Amount sold last period." }
sold_now = { type = "decimal(18,4)", about = "The same of this period." }
largest_before = { type = "decimal(18,4)", about = "Of the amount sold, what the customer who spent most on it paid; null if only guests bought it." }
largest_now = { type = "decimal(18,4)", about = "The same of this period." }
returners_before = { type = "int64", min = 0, about = "Distinct customers who sent it back or cancelled it last period." }
returners_now = { type = "int64", min = 0, about = "The same of this period." }
returned_before = { type = "decimal(18,4)", about = "Amount returned or cancelled last period, positive." }
returned_now = { type = "decimal(18,4)", about = "The same of this period." }
largest_returned_before = { type = "decimal(18,4)", about = "Of the amount returned, that of the customer who sent most back; null if only guests did." }
largest_returned_now = { type = "decimal(18,4)", about = "The same of this period." }
---*/
with

order_lines as (

    select
        customer_id,
        category,
        product,
        kind = 'sale' as is_sale,
        order_date,
        amount,
        -- Months since the start of this period; those of last period are below zero.
        month_number(order_date) - month_number($period_start) as months_after
    from stg_order_lines
    where kind in ('sale', 'return', 'cancellation')
        and order_date < $as_of

),

lines_of_items as (

    select
        'category' as level,
        category as item,
        *
    from order_lines
    where category is not null

    union all

    select
        'product' as level,
        product as item,
        *
    from order_lines
    where product is not null

),

-- A customer is counted once an item, so that no set of customers has to be kept for each.
items_of_customers as (

    select
        level,
        item,
        customer_id,
        sum(case when is_sale and months_after < 0 then 1 else 0 end) as sales_before,
        sum(case when is_sale and months_after >= 0 then 1 else 0 end) as sales_now,
        sum(case when not is_sale and months_after < 0 then 1 else 0 end) as returns_before,
        sum(case when not is_sale and months_after >= 0 then 1 else 0 end) as returns_now,
        sum(case when is_sale and months_after < 0 then amount else 0 end) as sold_before,
        sum(case when is_sale and months_after >= 0 then amount else 0 end) as sold_now,
        sum(case when not is_sale and months_after < 0 then -amount else 0 end) as returned_before,
        sum(case when not is_sale and months_after >= 0 then -amount else 0 end) as returned_now
    from lines_of_items
    where months_after >= -$period_months
    group by
        level,
        item,
        customer_id

),

summed as (

    select
        level,
        item,
        sum(case when customer_id is not null and sales_before > 0 then 1 else 0 end) as customers_before,
        sum(case when customer_id is not null and sales_now > 0 then 1 else 0 end) as customers_now,
        sum(case when customer_id is not null and returns_before > 0 then 1 else 0 end) as returners_before,
        sum(case when customer_id is not null and returns_now > 0 then 1 else 0 end) as returners_now,
        sum(sold_before) as sold_before,
        sum(sold_now) as sold_now,
        sum(returned_before) as returned_before,
        sum(returned_now) as returned_now,
        max(case when customer_id is not null then sold_before end) as largest_before,
        max(case when customer_id is not null then sold_now end) as largest_now,
        max(case when customer_id is not null then returned_before end) as largest_returned_before,
        max(case when customer_id is not null then returned_now end) as largest_returned_now
    from items_of_customers
    group by
        level,
        item

),

first_sales as (

    select
        level,
        item,
        min(order_date) as first_sold_on
    from lines_of_items
    where is_sale
    group by
        level,
        item

)

select
    summed.level,
    summed.item,
    first_sales.first_sold_on,
    summed.customers_before,
    summed.customers_now,
    cast(summed.sold_before as decimal(18, 4)) as sold_before,
    cast(summed.sold_now as decimal(18, 4)) as sold_now,
    cast(summed.largest_before as decimal(18, 4)) as largest_before,
    cast(summed.largest_now as decimal(18, 4)) as largest_now,
    summed.returners_before,
    summed.returners_now,
    cast(summed.returned_before as decimal(18, 4)) as returned_before,
    cast(summed.returned_now as decimal(18, 4)) as returned_now,
    cast(summed.largest_returned_before as decimal(18, 4)) as largest_returned_before,
    cast(summed.largest_returned_now as decimal(18, 4)) as largest_returned_now
from summed
left join first_sales
    on summed.level = first_sales.level
    and summed.item = first_sales.item
