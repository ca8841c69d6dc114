/*---
about = "Words of members who agreed to be quoted, from the last 12 months: at most twenty a segment. They are redacted before anything is shown, and not published as a table."
grain = ["segment", "place"]
kind = "table"

[columns]
segment = { type = "int64", not_null = true, min = 1, about = "Number of the segment." }
place = { type = "int64", not_null = true, min = 1, about = "Order by pseudonym, which is by nothing that means anything." }
source = { type = "utf8", about = "As in stg_feedback." }
given_on = { type = "date", about = "As in stg_feedback." }
text = { type = "utf8", not_null = true, about = "As in stg_feedback." }
---*/
with

feedback as (

    select
        pseudonym($pseudonym_key, customer_id) as customer_key,
        source,
        given_on,
        text
    from stg_feedback
    where may_be_quoted
        and text is not null
        and given_on >= $year_start
        and given_on < $as_of

),

feedback_of_members as (

    select
        customers.segment,
        feedback.source,
        feedback.given_on,
        feedback.text,
        cast(
            row_number() over (
                partition by customers.segment order by feedback.customer_key, feedback.given_on, feedback.text
            ) as bigint
        ) as place
    from feedback
    inner join customers
        on feedback.customer_key = customers.customer_key
    where customers.is_active
        and customers.segment > 0

)

select
    segment,
    place,
    source,
    given_on,
    text
from feedback_of_members
where place <= 20
