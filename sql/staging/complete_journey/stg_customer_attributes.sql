/*---
about = "Declared by 801 of 2,469 households, and not at random: see DECISIONS.md."
grain = ["customer_id", "attribute"]
kind = "view"
---*/
with

demographics as (

    select
        cast(household_id as varchar) as customer_id,
        age,
        income,
        home_ownership,
        marital_status,
        household_size,
        kids_count
    from source.demographics

)

select customer_id, 'age' as attribute, age as value from demographics
union all
select customer_id, 'income' as attribute, income as value from demographics
union all
select customer_id, 'home ownership' as attribute, home_ownership as value from demographics
union all
select customer_id, 'marital status' as attribute, marital_status as value from demographics
union all
select customer_id, 'household size' as attribute, household_size as value from demographics
union all
select customer_id, 'children' as attribute, kids_count as value from demographics
