/*---
about = "What customers declared about themselves, one row per customer and attribute. Describes personas, never drives a segment or a score."
grain = ["customer_id", "attribute"]
kind = "view"

[columns]
customer_id = { type = "utf8", about = "As in stg_order_lines." }
attribute = { type = "utf8", about = "age, household size, ...; the words shown on the card." }
value = { type = "utf8", about = "The band or category as declared; null if not answered." }
---*/
select
    cast(null as varchar) as customer_id,
    cast(null as varchar) as attribute,
    cast(null as varchar) as value
where false
