/*---
about = "What active customers cost to win, by segment, beside the 12-month value of the same customers; segment 0 is everyone active. No row where no cost is known."
grain = ["segment"]
kind = "table"
publish = true

[columns]
segment = { type = "int64", not_null = true, min = 0, about = "Number of the segment; 0 is everyone active, 99 who is unlike any segment." }
customers = { type = "int64", min = 1, about = "Active customers." }
customers_known = { type = "int64", min = 1, about = "Of these, customers with a known cost." }
acquisition_cost = { type = "decimal(18,4)", min = 0, about = "What those with a known cost cost." }
value_12_months = { type = "decimal(18,2)", about = "Sum of their rounded 12-month values; null if no model could be fitted." }
new_customers = { type = "int64", min = 0, about = "Active customers whose first purchase day is in the period." }
new_customers_known = { type = "int64", min = 0, about = "Of these, customers with a known cost." }
new_acquisition_cost = { type = "decimal(18,4)", min = 0, about = "What those with a known cost cost." }
new_value_12_months = { type = "decimal(18,2)", about = "Sum of their rounded 12-month values; null if no model could be fitted." }
---*/
with

segment_costs as (

    select
        segment,
        customers,
        customers_known,
        acquisition_cost,
        value_12_months,
        new_customers,
        new_customers_known,
        new_acquisition_cost,
        new_value_12_months
    from int_segment_acquisition_costs

),

segments_and_everyone as (

    select * from segment_costs where segment > 0

    union all

    -- Every active customer is in one segment, so everyone's sums are the sums of theirs.
    select * replace (cast(0 as bigint) as segment) from segment_costs

)

select
    segment,
    cast(sum(customers) as bigint) as customers,
    cast(sum(customers_known) as bigint) as customers_known,
    cast(sum(acquisition_cost) as decimal(18, 4)) as acquisition_cost,
    cast(sum(value_12_months) as decimal(18, 2)) as value_12_months,
    cast(sum(new_customers) as bigint) as new_customers,
    cast(sum(new_customers_known) as bigint) as new_customers_known,
    cast(sum(new_acquisition_cost) as decimal(18, 4)) as new_acquisition_cost,
    cast(sum(new_value_12_months) as decimal(18, 2)) as new_value_12_months
from segments_and_everyone
group by segment
having sum(customers_known) > 0
