/*---
about = "What customers said: support tickets, survey answers, reviews."
grain = []
kind = "view"

[columns]
customer_id = { type = "utf8", about = "As in stg_order_lines." }
given_on = { type = "date", about = "Calendar day in the market's time zone." }
source = { type = "utf8", about = "ticket, survey or review." }
kind = { type = "utf8", values = ["goals", "motivations", "frustrations", "objections", "quotes"], about = "What the topic tells of them: what they want to get done, why, what annoys them (a ticket), what keeps them from buying (a cancellation survey); quotes for words without a topic. Shares of frustrations are of all members, of the others of those who answered." }
topic = { type = "utf8", about = "What it was sorted under; null if nobody sorted it." }
text = { type = "utf8", about = "The customer's own words; null if there are none." }
may_be_quoted = { type = "boolean", about = "Whether the customer agreed that these words are quoted." }
---*/
select
    cast(null as varchar) as customer_id,
    cast(null as date) as given_on,
    cast(null as varchar) as source,
    cast(null as varchar) as kind,
    cast(null as varchar) as topic,
    cast(null as varchar) as text,
    cast(null as boolean) as may_be_quoted
where false
