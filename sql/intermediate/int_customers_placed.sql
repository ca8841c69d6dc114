/*---
about = "The active customers with their segment, age and value: what is added up by segment while the mart is being written."
grain = ["customer_key"]
kind = "table"

[columns]
customer_key = { type = "int64", not_null = true, about = "Keyed pseudonym." }
segment = { type = "int64", not_null = true, min = 0, about = "As in customers; 0 if the market is too small for segments." }
age_days = { type = "int64", min = 0, about = "Days from the first purchase day to as-of." }
value_12_months = { type = "decimal(18,2)", about = "As in customers; null if no model could be fitted." }
---*/
with

active_customers as (

    select
        customer_key,
        age_days
    from int_customers_described
    where is_active

),

valued as (

    select
        customer_key,
        value_12_months
    from int_customers_valued

),

segments as (

    select
        customer_key,
        segment
    from fitted.segments

)

select
    active_customers.customer_key,
    coalesce(segments.segment, 0) as segment,
    active_customers.age_days,
    valued.value_12_months
from active_customers
left join valued
    on active_customers.customer_key = valued.customer_key
left join segments
    on active_customers.customer_key = segments.customer_key
