/*---
about = "What consenting customers declared, and their tier in the loyalty programme."
grain = ["customer_id", "attribute"]
kind = "view"
---*/
with

consenting_customers as (

    select
        customer_id,
        birth_year,
        gender,
        region,
        acquisition_channel
    from source.customers
    where profiling_consent

),

members as (

    select
        loyalty.customer_id,
        loyalty.tier
    from source.loyalty
    inner join consenting_customers
        on loyalty.customer_id = consenting_customers.customer_id

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
select customer_id, 'region' as attribute, region as value from consenting_customers
union all
select customer_id, 'came through' as attribute, acquisition_channel as value from consenting_customers
union all
select customer_id, 'loyalty tier' as attribute, tier as value from members
