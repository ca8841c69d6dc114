/*---
about = "Last period's risks by tenths of risk: what was said and what happened."
grain = ["tenth"]
kind = "table"
publish = true
after = "previous"

[columns]
tenth = { type = "int64", not_null = true, min = 0, max = 9, about = "Tenth of risk: 0 is below 10 %, 9 is 90 % and above." }
customers = { type = "int64", min = 1, about = "Customers who were scored into it." }
risk_said = { type = "decimal(9,6)", min = 0, max = 1, about = "Their mean risk as published." }
did_not_buy = { type = "int64", min = 0, about = "How many of them had no purchase day in the period." }
---*/
with

previous_customers as (

    select
        customer_key,
        churn_risk
    from previous.customers
    where churn_risk is not null

),

customers_graded as (

    select
        least(9, cast(floor(previous_customers.churn_risk * 10) as bigint)) as tenth,
        previous_customers.churn_risk,
        case
            when customers.recency_days <= days_between($period_start, $as_of) then 0
            else 1
        end as did_not_buy
    from previous_customers
    left join customers
        on previous_customers.customer_key = customers.customer_key

)

select
    tenth,
    count(*) as customers,
    cast(avg(churn_risk) as decimal(9, 6)) as risk_said,
    cast(sum(did_not_buy) as bigint) as did_not_buy
from customers_graded
group by tenth
