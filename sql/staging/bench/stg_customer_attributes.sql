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

customers_described as (

    select
        customer_id,
        gender,
        acquisition_channel,
        case
            when birth_year > 1995 then 'under 30'
            when birth_year > 1975 then '30-49'
            when birth_year is not null then '50 and over'
        end as age
    from consenting_customers

)

-- All of a customer's rows beside each other: the same id is made a key once.
select
    customer_id,
    unnest(make_array('age', 'gender', 'came through')) as attribute,
    unnest(make_array(age, gender, acquisition_channel)) as value
from customers_described
