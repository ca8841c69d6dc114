/*---
about = "Every customer with what they are expected to be worth and the risk that they do not come back, as the fitted models say; rounded here, once."
grain = ["customer_key"]
kind = "table"

[columns]
customer_key = { type = "int64", not_null = true, about = "Keyed pseudonym." }
p_alive = { type = "decimal(9,6)", min = 0, max = 1, about = "Probability that the customer still buys at all; null below the tier of an own or provisional model." }
churn_risk = { type = "decimal(9,6)", min = 0, max = 1, about = "P(no purchase in the next $horizon_days days), by the method that the market's backtest chose; null below the tier of an own or provisional model." }
days_to_purchase = { type = "int64", min = 0, about = "Days until the customer has bought again with a probability of one half; null if that takes more than ten years." }
expected_purchases = { type = "decimal(12,6)", min = 0, about = "Expected purchase days in the next 365 days." }
expected_spend = { type = "decimal(18,4)", min = 0, about = "Expected spend a purchase day." }
value_12_months = { type = "decimal(18,2)", min = 0, about = "Expected net amount of the next 365 days, rounded to the minor unit; never less than that of the next $horizon_days days." }
next_period_value = { type = "decimal(18,2)", min = 0, about = "Expected net amount of the next $horizon_days days, by the same models." }
---*/
with

outlooks as (

    select
        customer_key,
        p_alive,
        churn_risk,
        days_to_purchase,
        expected_purchases,
        expected_spend,
        value_12_months,
        next_period_value
    from fitted.outlooks

)

select
    customer_key,
    cast(p_alive as decimal(9, 6)) as p_alive,
    cast(churn_risk as decimal(9, 6)) as churn_risk,
    cast(ceil(days_to_purchase) as bigint) as days_to_purchase,
    cast(expected_purchases as decimal(12, 6)) as expected_purchases,
    cast(expected_spend as decimal(18, 4)) as expected_spend,
    cast(value_12_months as decimal(18, 2)) as value_12_months,
    cast(next_period_value as decimal(18, 2)) as next_period_value
from outlooks
