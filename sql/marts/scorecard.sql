/*---
about = "What the last published period forecast for this one, and what happened, by the segment of then; segment 0 is everyone."
grain = ["segment"]
kind = "table"
publish = true
after = "previous"

[columns]
segment = { type = "int64", not_null = true, min = 0, about = "Number of last period's segment; 0 is everyone who was scored." }
customers = { type = "int64", min = 1, about = "Customers who were scored then." }
forecast_value = { type = "decimal(18,2)", about = "Sum of their forecasts as published." }
actual_value = { type = "decimal(18,2)", about = "Their net amount in the period, rounded once." }
risk_said = { type = "decimal(9,6)", min = 0, max = 1, about = "Mean published risk of no purchase in the period." }
did_not_buy = { type = "int64", min = 0, about = "Customers without a purchase day in the period." }
expected_to_buy = { type = "int64", min = 0, about = "Customers who were expected to buy within the period: the days to their next purchase ended in it." }
expected_who_bought = { type = "int64", min = 0, about = "How many of these had a purchase day in the period." }
---*/
with

previous_customers as (

    select
        customer_key,
        case when is_active then segment else 0 end as segment,
        churn_risk,
        next_period_value,
        case when days_to_purchase <= days_between($period_start, $as_of) then 1 else 0 end as expected_to_buy
    from previous.customers
    where churn_risk is not null
        and next_period_value is not null

),

customers_graded as (

    select
        previous_customers.segment,
        previous_customers.churn_risk,
        previous_customers.next_period_value,
        previous_customers.expected_to_buy,
        coalesce(customers.net_period, 0) as net_period,
        case
            when customers.recency_days <= days_between($period_start, $as_of) then 0
            else 1
        end as did_not_buy
    from previous_customers
    left join customers
        on previous_customers.customer_key = customers.customer_key

),

segments_and_everyone as (

    select * from customers_graded where segment > 0

    union all

    select * replace (cast(0 as bigint) as segment) from customers_graded

)

select
    segment,
    count(*) as customers,
    cast(sum(next_period_value) as decimal(18, 2)) as forecast_value,
    cast(round(sum(net_period), 2) as decimal(18, 2)) as actual_value,
    cast(avg(churn_risk) as decimal(9, 6)) as risk_said,
    cast(sum(did_not_buy) as bigint) as did_not_buy,
    cast(sum(expected_to_buy) as bigint) as expected_to_buy,
    cast(sum(expected_to_buy * (1 - did_not_buy)) as bigint) as expected_who_bought
from segments_and_everyone
group by segment
