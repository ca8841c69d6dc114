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

attributes as (

    select
        pseudonym($pseudonym_key, customer_id) as customer_key,
        attribute,
        value
    from stg_customer_attributes
    where value is not null

),

customer_attributes as (

    select
        customers.segment,
        attributes.attribute,
        attributes.value
    from attributes
    inner join customers
        on attributes.customer_key = customers.customer_key
    where customers.is_active

),

segments_and_everyone as (

    select * from customer_attributes where segment > 0

    union all

    select * replace (cast(0 as bigint) as segment) from customer_attributes

)

select
    segment,
    attribute,
    value,
    count(*) as customers
from segments_and_everyone
group by
    segment,
    attribute,
    value
