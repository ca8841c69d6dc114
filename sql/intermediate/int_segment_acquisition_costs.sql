/*---
about = "What the active customers of each segment cost to win, beside the 12-month value of the same customers; 0 are those without a segment."
grain = ["segment"]
kind = "table"

[columns]
segment = { type = "int64", not_null = true, min = 0, about = "Number of the segment." }
customers = { type = "int64", min = 1, about = "Active customers." }
customers_known = { type = "int64", min = 0, about = "Of these, customers with a known cost." }
acquisition_cost = { type = "decimal(18,4)", min = 0, about = "What those with a known cost cost; null if there are none." }
value_12_months = { type = "decimal(18,2)", about = "Sum of their rounded 12-month values; null if no model could be fitted." }
new_customers = { type = "int64", min = 0, about = "Active customers whose first purchase day is in the period." }
new_customers_known = { type = "int64", min = 0, about = "Of these, customers with a known cost." }
new_acquisition_cost = { type = "decimal(18,4)", min = 0, about = "What those with a known cost cost." }
new_value_12_months = { type = "decimal(18,2)", about = "Sum of their rounded 12-month values; null if no model could be fitted." }
---*/
with

costs as (

    select
        pseudonym($pseudonym_key, customer_id) as customer_key,
        sum(cost) as cost
    from stg_acquisition_costs
    where cost is not null
        and (acquired_on is null or acquired_on < $as_of)
    group by pseudonym($pseudonym_key, customer_id)

),

active_customers as (

    select
        customer_key,
        segment,
        value_12_months,
        age_days <= days_between($period_start, $as_of) as is_new
    from int_customers_placed

),

active_customers_with_costs as (

    select
        active_customers.segment,
        active_customers.is_new,
        costs.cost,
        case when costs.cost is not null then active_customers.value_12_months end as value_12_months
    from active_customers
    left join costs
        on active_customers.customer_key = costs.customer_key

)

select
    segment,
    count(*) as customers,
    count(cost) as customers_known,
    cast(sum(cost) as decimal(18, 4)) as acquisition_cost,
    cast(sum(value_12_months) as decimal(18, 2)) as value_12_months,
    cast(sum(case when is_new then 1 else 0 end) as bigint) as new_customers,
    cast(sum(case when is_new and cost is not null then 1 else 0 end) as bigint) as new_customers_known,
    cast(sum(case when is_new then cost else 0 end) as decimal(18, 4)) as new_acquisition_cost,
    cast(sum(case when is_new then value_12_months end) as decimal(18, 2)) as new_value_12_months
from active_customers_with_costs
group by segment
