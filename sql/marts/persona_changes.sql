/*---
about = "Like for like: customers of a segment last period and this one, by last period's model, with orders in both. What they ordered and spent an order, as sums that a paired comparison is made of; all from today's data. Only for the period just before this one."
grain = ["segment"]
kind = "table"
publish = true
after = "adjacent"

[columns]
segment = { type = "int64", not_null = true, min = 0, about = "Segment in both periods by last period's model; 0 for everyone active in both." }
customers = { type = "int64", min = 0, about = "Customers with a purchase day in both periods and one before: who came during last period had less time in it." }
orders_before = { type = "int64", min = 0, about = "Their purchase days of last period." }
orders_now = { type = "int64", min = 0, about = "The same of this period." }
orders_before_squares = { type = "int64", min = 0, about = "Sum of squares of each customer's orders_before: what the noise is made of." }
orders_now_squares = { type = "int64", min = 0, about = "The same of orders_now." }
orders_products = { type = "int64", min = 0, about = "Sum of each customer's orders_before times orders_now." }
valued = { type = "int64", min = 0, about = "Customers with spend above zero on a day of both periods, whenever they came." }
level_before = { type = "decimal(28,6)", about = "Sum of each valued customer's mean natural logarithm of spend a purchase day, last period." }
level_now = { type = "decimal(28,6)", about = "The same of this period." }
level_change_squares = { type = "decimal(38,12)", about = "Sum of squares of each valued customer's change of that mean." }
---*/
with

purchase_days as (

    select
        customer_key,
        -- Months since the start of this period; those of last period are below zero.
        month_number(order_date) - month_number($period_start) as months_after,
        case when spend > 0 then cast(natural_log(cast(spend as double)) as decimal(18, 6)) end as log_spend
    from int_purchase_log
    where spend is not null
        and order_date < $as_of

),

segments_before as (

    select
        customer_key,
        segment
    from previous.restated
    where is_active

),

active_customers as (

    select customer_key
    from customers
    where is_active

),

segments_now as (

    select
        customer_key,
        segment
    from int_customers_by_last_models

),

orders_counted as (

    select
        customer_key,
        min(months_after) < -$period_months as was_known,
        sum(case when months_after >= -$period_months and months_after < 0 then 1 else 0 end) as orders_before,
        sum(case when months_after >= 0 then 1 else 0 end) as orders_now,
        cast(
            avg(case when months_after >= -$period_months and months_after < 0 then log_spend end) as decimal(18, 6)
        ) as level_before,
        cast(avg(case when months_after >= 0 then log_spend end) as decimal(18, 6)) as level_now
    from purchase_days
    group by customer_key

),

customers_paired as (

    select
        segments_before.segment as segment_before,
        segments_now.segment as segment_now,
        case when orders_counted.was_known then orders_counted.orders_before end as orders_before,
        case when orders_counted.was_known then orders_counted.orders_now end as orders_now,
        case when orders_counted.level_now is not null then orders_counted.level_before end as level_before,
        case when orders_counted.level_before is not null then orders_counted.level_now end as level_now
    from orders_counted
    inner join segments_before
        on orders_counted.customer_key = segments_before.customer_key
    inner join active_customers
        on orders_counted.customer_key = active_customers.customer_key
    inner join segments_now
        on orders_counted.customer_key = segments_now.customer_key
    where orders_counted.orders_before > 0
        and orders_counted.orders_now > 0

),

segments_and_everyone as (

    select
        segment_now as segment,
        orders_before,
        orders_now,
        level_before,
        level_now
    from customers_paired
    where segment_before = segment_now
        and segment_now > 0

    union all

    select
        cast(0 as bigint) as segment,
        orders_before,
        orders_now,
        level_before,
        level_now
    from customers_paired

)

select
    segment,
    count(orders_now) as customers,
    cast(coalesce(sum(orders_before), 0) as bigint) as orders_before,
    cast(coalesce(sum(orders_now), 0) as bigint) as orders_now,
    cast(coalesce(sum(orders_before * orders_before), 0) as bigint) as orders_before_squares,
    cast(coalesce(sum(orders_now * orders_now), 0) as bigint) as orders_now_squares,
    cast(coalesce(sum(orders_before * orders_now), 0) as bigint) as orders_products,
    count(level_now) as valued,
    cast(coalesce(sum(level_before), 0) as decimal(28, 6)) as level_before,
    cast(coalesce(sum(level_now), 0) as decimal(28, 6)) as level_now,
    cast(
        coalesce(sum((level_now - level_before) * (level_now - level_before)), 0) as decimal(38, 12)
    ) as level_change_squares
from segments_and_everyone
group by segment
