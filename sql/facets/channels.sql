/*---
about = "What part of their money the members spend through each channel, in the active window."

[facet]
title = "Channels bought through"
block = "buys"
shape = "amount"
item = "channel"
window = "year"
roles = ["sales"]
source = "stg_order_lines"
drives = true
says = "spend {share} of their money through {}"
---*/
select
    customer_key,
    item as channel,
    active_amount as amount
from int_customer_items
where habit = 'channel'
    and active_amount is not null
