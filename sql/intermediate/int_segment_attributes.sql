/*---
about = "What the active customers of each segment declared; 0 are those without a segment."
grain = ["segment", "attribute", "value"]
kind = "table"

[columns]
segment = { type = "int64", not_null = true, min = 0, about = "Number of the segment." }
attribute = { type = "utf8", about = "As in stg_customer_attributes." }
value = { type = "utf8", about = "As in stg_customer_attributes." }
customers = { type = "int64", min = 0, about = "Active customers who declared it." }
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

active_customers as (

    select
        customer_key,
        segment
    from int_customers_placed

)

select
    active_customers.segment,
    attributes.attribute,
    attributes.value,
    count(*) as customers
from attributes
inner join active_customers
    on attributes.customer_key = active_customers.customer_key
group by
    active_customers.segment,
    attributes.attribute,
    attributes.value
