/*---
about = "What each consenting customer cost to win, as the export says it."
grain = ["customer_id"]
kind = "view"
---*/
with

consenting_customers as (

    select
        customer_id,
        acquisition_cost
    from source.customers
    where profiling_consent

)

select
    customer_id,
    -- The days of sign-up are drawn apart from the days of orders and say nothing about when the money was spent.
    cast(null as date) as acquired_on,
    cast(acquisition_cost as decimal(18, 4)) as cost
from consenting_customers
