/*---
about = "What the members of each segment declared about themselves; segment 0 is everyone active. Description only."
grain = ["segment", "attribute", "value"]
kind = "table"
publish = true

[columns]
segment = { type = "int64", not_null = true, min = 0, about = "Number of the segment; 0 is everyone active." }
attribute = { type = "utf8", not_null = true, about = "As in stg_customer_attributes." }
value = { type = "utf8", not_null = true, about = "The declared band or category." }
customers = { type = "int64", min = 1, about = "Active customers who declared it." }
---*/
with

segment_attributes as (

    select
        segment,
        attribute,
        value,
        customers
    from int_segment_attributes

),

segments_and_everyone as (

    select * from segment_attributes where segment > 0

    union all

    select * replace (cast(0 as bigint) as segment) from segment_attributes

)

select
    segment,
    attribute,
    value,
    cast(sum(customers) as bigint) as customers
from segments_and_everyone
group by
    segment,
    attribute,
    value
