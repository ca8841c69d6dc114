/*---
about = "Tickets with their topics, what was ticked in the yearly survey, and its answers with consent to be quoted; of consenting customers only."
grain = []
kind = "view"
---*/
with

consenting_customers as (

    select customer_id
    from source.customers
    where profiling_consent

),

tickets as (

    select * from source.tickets

),

surveys as (

    select * from source.surveys

),

feedback as (

    select
        customer_id,
        opened_on as given_on,
        'ticket' as source,
        'frustrations' as kind,
        topic,
        cast(null as varchar) as text,
        false as may_be_quoted
    from tickets

    union all

    select
        customer_id,
        answered_on as given_on,
        'survey' as source,
        'goals' as kind,
        goal as topic,
        cast(null as varchar) as text,
        false as may_be_quoted
    from surveys

    union all

    select
        customer_id,
        answered_on as given_on,
        'survey' as source,
        'objections' as kind,
        objection as topic,
        cast(null as varchar) as text,
        false as may_be_quoted
    from surveys

    union all

    select
        customer_id,
        answered_on as given_on,
        'survey' as source,
        'quotes' as kind,
        cast(null as varchar) as topic,
        text,
        may_be_quoted
    from surveys

)

select
    feedback.customer_id,
    feedback.given_on,
    feedback.source,
    feedback.kind,
    feedback.topic,
    feedback.text,
    feedback.may_be_quoted
from feedback
inner join consenting_customers
    on feedback.customer_id = consenting_customers.customer_id
