/*---
about = "The flows hold every active customer of this period once."
---*/
with

flows as (

    select coalesce(sum(customers), 0) as customers
    from customer_flows
    where flow in ('new', 'returning', 'stayed')

),

active as (

    select count(*) as customers
    from customers
    where is_active

)

select
    flows.customers as customers_in_flows,
    active.customers as customers_active
from flows
cross join active
where flows.customers <> active.customers
