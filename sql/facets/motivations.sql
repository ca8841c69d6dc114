/*---
about = "Why the members buy, of those who were asked and answered in the last 12 months."

[facet]
title = "Motivations"
block = "voice"
shape = "has"
item = "topic"
base = "has_answered"
window = "year"
roles = ["marketing"]
source = "stg_feedback"
says = "who answered name “{}” as their reason"
---*/
select
    pseudonym($pseudonym_key, customer_id) as customer_key,
    topic,
    true as has_answered
from stg_feedback
where kind = 'motivations'
    and given_on >= $year_start
    and given_on < $as_of
