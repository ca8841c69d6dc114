/*---
about = "What the report of the same period last year expected of the 12 months since, and what came, by the segment of then; segment 0 is everyone active then."
grain = ["segment"]
kind = "table"
publish = true
after = "year_before"

[columns]
segment = { type = "int64", not_null = true, min = 0, about = "Number of the segment of a year ago; 0 is everyone active." }
customers = { type = "int64", min = 1, about = "Active customers with a forecast." }
forecast_value = { type = "decimal(18,2)", about = "Sum of their 12-month values as published." }
actual_value = { type = "decimal(18,2)", about = "Their net amount in the 12 months, rounded once." }
---*/
with

customers_then as (

    select
        customer_key,
        segment,
        value_12_months
    from previous.customers_year_before
    where is_active
        and segment > 0
        and value_12_months is not null

),

customers_graded as (

    select
        customers_then.segment,
        customers_then.value_12_months,
        coalesce(customers.net_12_months, 0) as net_12_months
    from customers_then
    left join customers
        on customers_then.customer_key = customers.customer_key

),

segments_and_everyone as (

    select * from customers_graded

    union all

    select * replace (cast(0 as bigint) as segment) from customers_graded

)

select
    segment,
    count(*) as customers,
    cast(sum(value_12_months) as decimal(18, 2)) as forecast_value,
    cast(round(sum(net_12_months), 2) as decimal(18, 2)) as actual_value
from segments_and_everyone
group by segment
