/*---
about = "What last period's models say of this period's customers: what would have been published had nothing been fitted again."
grain = ["customer_key"]
kind = "view"

[columns]
customer_key = { type = "int64", not_null = true, about = "Keyed pseudonym." }
segment = { type = "int64", min = 0, about = "Segment by last period's model; 0 if not active, 99 if unlike any segment." }
value_12_months = { type = "decimal(18,2)", about = "12-month value by last period's models, rounded to the minor unit; null if there are none." }
churn_risk = { type = "decimal(9,6)", min = 0, max = 1, about = "P(no purchase in the horizon) by last period's models and horizon; null if they were not published." }
---*/
with

customers as (

    select customer_key
    from int_customers_summarised

),

outlooks as (

    select
        customer_key,
        churn_risk,
        value_12_months
    from fitted.last_outlooks

),

segments as (

    select
        customer_key,
        segment
    from fitted.last_segments

)

select
    customers.customer_key,
    coalesce(segments.segment, 0) as segment,
    cast(outlooks.value_12_months as decimal(18, 2)) as value_12_months,
    cast(outlooks.churn_risk as decimal(9, 6)) as churn_risk
from customers
left join outlooks
    on customers.customer_key = outlooks.customer_key
left join segments
    on customers.customer_key = segments.customer_key
