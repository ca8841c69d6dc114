/*---
about = "Who bought for the first time, and who came back, last period and this one, from today's data: what growth is told by. Only for the period just before this one."
grain = ["customers_before", "customers_now"]
kind = "table"
publish = true
after = "adjacent"

[columns]
customers_before = { type = "int64", min = 0, about = "Customers whose first purchase day is in last period." }
customers_now = { type = "int64", min = 0, about = "The same of this period." }
spend_before = { type = "decimal(18,4)", min = 0, about = "What the customers of customers_before spent in last period." }
spend_now = { type = "decimal(18,4)", min = 0, about = "What those of customers_now spent in this period." }
valued_before = { type = "int64", min = 0, about = "Of customers_before, those who spent anything." }
valued_now = { type = "int64", min = 0, about = "The same of customers_now." }
level_before = { type = "decimal(28,6)", about = "Sum of the natural logarithms of what each of valued_before spent in last period." }
level_now = { type = "decimal(28,6)", about = "The same of valued_now and this period." }
level_before_squares = { type = "decimal(38,12)", about = "Sum of squares of those of valued_before." }
level_now_squares = { type = "decimal(38,12)", about = "The same of valued_now." }
came_back_before = { type = "int64", min = 0, about = "Customers with a purchase day in last period who had bought before it." }
came_back_now = { type = "int64", min = 0, about = "The same of this period." }
---*/
with

purchase_days as (

    select
        customer_key,
        -- Months since the start of this period; those of last period are below zero.
        month_number(order_date) - month_number($period_start) as months_after,
        spend
    from int_purchase_log
    where spend is not null
        and order_date < $as_of

),

customers_summed as (

    select
        customer_key,
        min(months_after) as first_months_after,
        max(case when months_after >= -$period_months and months_after < 0 then 1 else 0 end) as bought_before,
        max(case when months_after >= 0 then 1 else 0 end) as bought_now,
        sum(case when months_after >= -$period_months and months_after < 0 then spend else 0 end) as spend_before,
        sum(case when months_after >= 0 then spend else 0 end) as spend_now
    from purchase_days
    group by customer_key

),

customers_sorted as (

    select
        case
            when first_months_after >= 0 then 'now'
            when first_months_after >= -$period_months then 'before'
            else 'earlier'
        end as came,
        bought_before,
        bought_now,
        spend_before,
        spend_now,
        case
            when spend_before > 0 then cast(natural_log(cast(spend_before as double)) as decimal(18, 6))
        end as log_before,
        case when spend_now > 0 then cast(natural_log(cast(spend_now as double)) as decimal(18, 6)) end as log_now
    from customers_summed

)

select
    coalesce(sum(case when came = 'before' then 1 else 0 end), 0) as customers_before,
    coalesce(sum(case when came = 'now' then 1 else 0 end), 0) as customers_now,
    cast(coalesce(sum(case when came = 'before' then spend_before else 0 end), 0) as decimal(18, 4)) as spend_before,
    cast(coalesce(sum(case when came = 'now' then spend_now else 0 end), 0) as decimal(18, 4)) as spend_now,
    count(case when came = 'before' then log_before end) as valued_before,
    count(case when came = 'now' then log_now end) as valued_now,
    cast(coalesce(sum(case when came = 'before' then log_before end), 0) as decimal(28, 6)) as level_before,
    cast(coalesce(sum(case when came = 'now' then log_now end), 0) as decimal(28, 6)) as level_now,
    cast(
        coalesce(sum(case when came = 'before' then log_before * log_before end), 0) as decimal(38, 12)
    ) as level_before_squares,
    cast(
        coalesce(sum(case when came = 'now' then log_now * log_now end), 0) as decimal(38, 12)
    ) as level_now_squares,
    coalesce(sum(case when came = 'earlier' then bought_before else 0 end), 0) as came_back_before,
    coalesce(sum(case when came in ('earlier', 'before') then bought_now else 0 end), 0) as came_back_now
from customers_sorted
