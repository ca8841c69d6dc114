/*---
about = "No active customer has a negative or missing forecast when a model was fitted for the market."
---*/
select
    customer_key,
    value_12_months
from customers
where value_12_months < 0
