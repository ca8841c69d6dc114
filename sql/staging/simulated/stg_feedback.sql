/*---
about = "Tickets with their topics, and survey answers with consent to be quoted; of consenting customers only."
grain = []
kind = "view"
---*/
with

consenting_customers as (

    select customer_id
    from source.customers
    where profiling_consent

),

feedback as (

    select
        customer_id,
        opened_on as given_on,
        'ticket' as source,
        topic,
        cast(null as varchar) as text,
        false as may_be_quoted
    from source.tickets

    union all

    select
        customer_id,
        answered_on as given_on,
        'survey' as source,
        cast(null as varchar) as topic,
        text,
        may_be_quoted
    from source.surveys

)

select
    feedback.customer_id,
    feedback.given_on,
    feedback.source,
    feedback.topic,
    feedback.text,
    feedback.may_be_quoted
from feedback
inner join consenting_customers
    on feedback.customer_id = consenting_customers.customer_id
