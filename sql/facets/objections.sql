/*---
about = "What keeps the members from buying, of those who were asked and answered in the last 12 months."

[facet]
title = "Objections"
block = "voice"
shape = "has"
item = "topic"
base = "has_answered"
window = "year"
roles = ["product", "sales"]
source = "stg_feedback"
direction = "less_is_better"
says = "who answered name “{}” as what keeps them from buying"
---*/
select
    pseudonym($pseudonym_key, customer_id) as customer_key,
    topic,
    true as has_answered
from stg_feedback
where kind = 'objections'
    and given_on >= $year_start
    and given_on < $as_of
