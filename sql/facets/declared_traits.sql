/*---
about = "What the members declared about themselves, of those who answered. It describes; it never decides who is in a persona."

[facet]
title = "Declared traits"
block = "who"
shape = "has"
group = "attribute"
item = "value"
base = "has_answered"
window = "as_of"
roles = ["marketing"]
source = "stg_customer_attributes"
protected = true
says = "who answered said “{}”"
---*/
select
    pseudonym($pseudonym_key, customer_id) as customer_key,
    attribute,
    value,
    value is not null as has_answered
from stg_customer_attributes
