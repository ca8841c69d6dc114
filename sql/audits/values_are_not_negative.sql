/*---
about = "No customer has a negative forecast, and no active one lacks a forecast where a model gave one to others."
---*/
with

customers_valued as (

    select count(value_12_months) as customers
    from customers

)

select
    customers.customer_key,
    customers.value_12_months
from customers
cross join customers_valued
where customers.value_12_months < 0
    or (customers.is_active and customers.value_12_months is null and customers_valued.customers > 0)
