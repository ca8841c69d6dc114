/*---
about = "One row per customer with at least one purchase day before as-of. The table that personas, flows and bridges are built on."
grain = ["customer_key"]
kind = "table"
publish = true

[columns]
customer_key = { type = "int64", not_null = true, about = "Keyed pseudonym; the same person keeps it from period to period." }
segment = { type = "int64", min = 0, about = "Number of the segment; 0 if not active or if the market is too small for segments, 99 if unlike any segment." }
is_active = { type = "boolean", not_null = true, about = "A purchase day inside the active window of the job." }
rfm_group = { type = "utf8", not_null = true, values = ["champions", "loyal", "active", "new", "promising", "needs_attention", "previously_loyal", "at_risk", "almost_lost", "dormant"], about = "Total and disjoint map of the 125 score codes." }
lifecycle_stage = { type = "utf8", not_null = true, values = ["first-time", "active", "cooling", "at-risk", "lapsed"], about = "By recency against the market's own gaps between purchases." }
recency_score = { type = "int64", min = 1, max = 5, about = "R of RFM." }
frequency_score = { type = "int64", min = 1, max = 5, about = "F of RFM." }
monetary_score = { type = "int64", min = 1, max = 5, about = "M of RFM." }
purchase_days = { type = "int64", min = 1, about = "Purchase days before as-of." }
purchase_days_active = { type = "int64", min = 0, about = "Purchase days inside the active window." }
purchases_a_month = { type = "decimal(18,4)", min = 0, about = "Purchase days a month to expect of the customer by the last 12 months: the posterior mean of the rate, so that one purchase lately is no high rate. Null if not active, or if too few customers buy twice to tell.", habit = { kind = "rate", label = "purchases a month" } }
recency_days = { type = "int64", min = 0, about = "Days since the last purchase day. No feature: when somebody last came is their lifecycle stage, not who they are." }
age_days = { type = "int64", min = 0, about = "Days since the first purchase day." }
mean_order = { type = "decimal(18,4)", min = 0, about = "Amount sold a purchase day, over the last 12 months.", habit = { kind = "mean", of_days = "spend", scale = "log", label = "spend a purchase day" } }
lines_per_order = { type = "decimal(18,4)", min = 0, about = "Lines a purchase day, over the last 12 months.", habit = { kind = "mean", of_days = "sold_lines", scale = "log", label = "lines a purchase day" } }
return_rate = { type = "decimal(18,6)", min = 0, about = "Returned amount by sold amount over the last 12 months; at most 1.", max = 1, habit = { kind = "ratio", label = "share of sales returned" } }
discount_share = { type = "decimal(18,6)", min = 0, max = 1, about = "Reductions by the amount before them, over the last 12 months.", habit = { kind = "mean", of_days = "discount_share", scale = "linear", label = "share of price taken off by discounts" } }
net_period = { type = "decimal(18,4)", about = "Net amount inside the period." }
net_12_months = { type = "decimal(18,4)", about = "Net amount of the 12 calendar months before as-of." }
net_lifetime = { type = "decimal(18,4)", about = "Net amount before as-of." }
p_alive = { type = "decimal(9,6)", min = 0, max = 1, about = "Probability that the customer still buys at all; null if no model could be fitted." }
churn_risk = { type = "decimal(9,6)", min = 0, max = 1, about = "P(no purchase in the next horizon); null if no model could be fitted." }
days_to_purchase = { type = "int64", min = 0, about = "Days until the customer has bought again with a probability of one half; at most the next horizon just where churn_risk is at most one half. Null if it takes more than ten years, or if no model could be fitted." }
expected_purchases = { type = "decimal(12,6)", min = 0, about = "Expected purchase days in the next 365 days; null if no model could be fitted." }
expected_spend = { type = "decimal(18,4)", min = 0, about = "Expected spend a purchase day; null if no model could be fitted." }
value_12_months = { type = "decimal(18,2)", about = "Expected net amount of the next 365 days, rounded to the minor unit; null if no model could be fitted." }
next_period_value = { type = "decimal(18,2)", about = "Forecast of the net amount of the next period; null below the tier of an own or provisional model." }
---*/
with

customers as (

    select *
    from int_customers_described

),

valued as (

    select *
    from int_customers_valued

),

segments as (

    select
        customer_key,
        segment,
        purchases_a_month
    from fitted.segments

)

select
    customers.customer_key,
    coalesce(segments.segment, 0) as segment,
    customers.is_active,
    customers.rfm_group,
    customers.lifecycle_stage,
    customers.recency_score,
    customers.frequency_score,
    customers.monetary_score,
    customers.purchase_days,
    customers.purchase_days_active,
    cast(segments.purchases_a_month as decimal(18, 4)) as purchases_a_month,
    customers.recency_days,
    customers.age_days,
    customers.mean_order,
    customers.lines_per_order,
    customers.return_rate,
    customers.discount_share,
    customers.net_period,
    customers.net_12_months,
    customers.net_lifetime,
    valued.p_alive,
    valued.churn_risk,
    valued.days_to_purchase,
    valued.expected_purchases,
    valued.expected_spend,
    valued.value_12_months,
    valued.next_period_value
-- The narrow table comes first: it is held in memory, and the wide one is read past it.
from valued
right join customers
    on valued.customer_key = customers.customer_key
left join segments
    on customers.customer_key = segments.customer_key
