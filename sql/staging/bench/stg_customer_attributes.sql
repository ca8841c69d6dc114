/*---
about = "What consenting customers declared at sign-up."
grain = ["customer_id", "attribute"]
kind = "view"
---*/
with

consenting_customers as (

    select
        customer_id,
        birth_year,
        gender,
        acquisition_channel
    from source.customers
    where profiling_consent

)

select
    customer_id,
    'age' as attribute,
    case
        when birth_year is null then null
        when birth_year > 1995 then 'under 30'
        when birth_year > 1975 then '30-49'
        else '50 and over'
    end as value
from consenting_customers
union all
select customer_id, 'gender' as attribute, gender as value from consenting_customers
union all
select customer_id, 'came through' as attribute, acquisition_channel as value from consenting_customers
