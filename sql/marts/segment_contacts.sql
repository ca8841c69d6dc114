/*---
about = "Which campaigns reached each segment in the period and who responded; segment 0 is everyone active."
grain = ["segment", "campaign_type"]
kind = "table"
publish = true

[columns]
segment = { type = "int64", not_null = true, min = 0, about = "Number of the segment; 0 is everyone active." }
campaign_type = { type = "utf8", not_null = true, about = "As in stg_contacts." }
contacted = { type = "int64", min = 0, about = "Active customers sent at least one campaign of this type that ran in the period." }
responded = { type = "int64", min = 0, about = "Of these, customers who responded inside the period." }
---*/
with

contacts as (

    select
        pseudonym($pseudonym_key, customer_id) as customer_key,
        campaign_type,
        max(case when responded_on >= $period_start and responded_on < $as_of then 1 else 0 end) as has_responded
    from stg_contacts
    where start_date < $as_of
        and end_date >= $period_start
    group by
        pseudonym($pseudonym_key, customer_id),
        campaign_type

),

customer_contacts as (

    select
        customers.segment,
        contacts.campaign_type,
        contacts.has_responded
    from contacts
    inner join customers
        on contacts.customer_key = customers.customer_key
    where customers.is_active

),

segments_and_everyone as (

    select * from customer_contacts where segment > 0

    union all

    select * replace (cast(0 as bigint) as segment) from customer_contacts

)

select
    segment,
    campaign_type,
    count(*) as contacted,
    sum(has_responded) as responded
from segments_and_everyone
group by
    segment,
    campaign_type
