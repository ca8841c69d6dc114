/*---
about = "How many of the members complained of each topic in the last 12 months."

[facet]
title = "Frustrations"
block = "voice"
shape = "has"
item = "topic"
window = "year"
roles = ["service", "product"]
source = "stg_feedback"
direction = "less_is_better"
says = "complained of {}"
---*/
select
    pseudonym($pseudonym_key, customer_id) as customer_key,
    topic
from stg_feedback
where kind = 'frustrations'
    and given_on >= $year_start
    and given_on < $as_of
