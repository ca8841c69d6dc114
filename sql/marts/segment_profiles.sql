/*---
about = "One row per segment of active customers, and segment 0 for all active customers together: size and money."
grain = ["segment"]
kind = "table"
publish = true

[columns]
segment = { type = "int64", not_null = true, min = 0, about = "Number of the segment; 0 is everyone active, 99 who is unlike any segment." }
customers = { type = "int64", min = 1, about = "Active customers." }
bought_once = { type = "int64", min = 0, about = "Of them, those whose one and only purchase day is in this period: too little is known of them to say what they are like." }
value_12_months = { type = "decimal(18,2)", about = "Sum of the customers' rounded 12-month values." }
net_period = { type = "decimal(18,2)", about = "Net amount inside the period, rounded once." }
net_period_squares = { type = "decimal(38,4)", about = "Sum of the squares of the customers' net amounts inside the period: by how many of them it is held, in effect." }
churn_risk = { type = "decimal(9,6)", min = 0, max = 1, about = "Mean risk of no purchase in the next horizon." }
next_period_value = { type = "decimal(18,2)", about = "Sum of the customers' forecasts of the next period's net amount." }
return_rate = { type = "decimal(18,6)", about = "Mean share of sales returned." }
---*/
with

active_customers as (

    select *
    from customers
    where is_active

),

segments_and_everyone as (

    select * from active_customers where segment > 0

    union all

    select * replace (cast(0 as bigint) as segment) from active_customers

)

select
    segment,
    count(*) as customers,
    count(*) filter (where purchase_days = 1 and age_days <= days_between($period_start, $as_of)) as bought_once,
    cast(sum(value_12_months) as decimal(18, 2)) as value_12_months,
    cast(round(sum(net_period), 2) as decimal(18, 2)) as net_period,
    cast(
        sum(cast(net_period as decimal(18, 2)) * cast(net_period as decimal(18, 2))) as decimal(38, 4)
    ) as net_period_squares,
    cast(avg(churn_risk) as decimal(9, 6)) as churn_risk,
    cast(sum(next_period_value) as decimal(18, 2)) as next_period_value,
    cast(avg(return_rate) as decimal(18, 6)) as return_rate
from segments_and_everyone
group by segment
