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

),

customers_by_attribute as (

    -- All of a customer's rows beside each other: the same id is made a key once.
    select
        customer_id,
        birth_year,
        gender,
        acquisition_channel,
        unnest(make_array('age', 'gender', 'came through')) as attribute
    from consenting_customers

)

select
    customer_id,
    attribute,
    case
        when attribute = 'gender' then gender
        when attribute = 'came through' then acquisition_channel
        when birth_year is null then null
        when birth_year > 1995 then 'under 30'
        when birth_year > 1975 then '30-49'
        else '50 and over'
    end as value
from customers_by_attribute
