/*---
about = "Every customer with what they are expected to be worth and the risk that they do not come back, from the fitted models."
grain = ["customer_key"]
kind = "table"

[columns]
customer_key = { type = "int64", not_null = true, about = "Keyed pseudonym." }
p_alive = { type = "decimal(9,6)", min = 0, max = 1, about = "Probability that the customer still buys at all; null below the tier of an own or provisional model." }
churn_risk = { type = "decimal(9,6)", min = 0, max = 1, about = "P(no purchase in the next $horizon_days days), by the method that the market's backtest chose; null below the tier of an own or provisional model." }
next_period_value = { type = "decimal(18,2)", min = 0, about = "Forecast of the net amount of the next $horizon_days days, by the method that the market's backtest chose." }
expected_purchases = { type = "decimal(12,6)", min = 0, about = "Expected purchase days in the next 365 days." }
expected_spend = { type = "decimal(18,4)", min = 0, about = "Expected spend a purchase day." }
value_12_months = { type = "decimal(18,2)", about = "Expected net amount of the next 365 days, rounded to the minor unit." }
---*/
with

customers as (

    select
        customer_key,
        cast(purchase_days - 1 as double) as repeat_purchases,
        cast(days_between(first_purchase_date, last_purchase_date) as double) / 7 as recency_weeks,
        cast(age_days as double) / 7 as age_weeks,
        cast(mean_repeat_spend as double) as mean_repeat_spend,
        cast(own_net_share as double) as own_net_share
    from int_customers_summarised

),

purchase_model as (

    select
        model,
        first_parameter,
        second_parameter,
        third_parameter,
        fourth_parameter
    from fitted.purchase_model

),

spend_model as (

    select
        p,
        q,
        gamma,
        own_above,
        net_share,
        net_share_prior_days
    from fitted.spend_model

),

outlooks as (

    select
        customer_key,
        churn_risk,
        next_period_value
    from fitted.outlooks

),

customers_expected as (

    select
        customers.customer_key,
        p_alive(
            purchase_model.model,
            purchase_model.first_parameter,
            purchase_model.second_parameter,
            purchase_model.third_parameter,
            purchase_model.fourth_parameter,
            customers.repeat_purchases,
            customers.recency_weeks,
            customers.age_weeks
        ) as p_alive,
        expected_purchases(
            purchase_model.model,
            purchase_model.first_parameter,
            purchase_model.second_parameter,
            purchase_model.third_parameter,
            purchase_model.fourth_parameter,
            customers.repeat_purchases,
            customers.recency_weeks,
            customers.age_weeks,
            cast(365 as double) / 7
        ) as expected_purchases,
        expected_spend(
            spend_model.p,
            spend_model.q,
            spend_model.gamma,
            spend_model.own_above,
            customers.repeat_purchases,
            customers.mean_repeat_spend
        ) as expected_spend,
        -- A customer's own share counts by its purchase days; nobody's does where customers are alike.
        coalesce(
            ((customers.repeat_purchases + 1) * customers.own_net_share
                + spend_model.net_share_prior_days * spend_model.net_share)
            / (customers.repeat_purchases + 1 + spend_model.net_share_prior_days),
            spend_model.net_share
        ) as net_share
    from customers
    cross join purchase_model
    cross join spend_model

)

select
    customers_expected.customer_key,
    cast(customers_expected.p_alive as decimal(9, 6)) as p_alive,
    cast(outlooks.churn_risk as decimal(9, 6)) as churn_risk,
    cast(customers_expected.expected_purchases as decimal(12, 6)) as expected_purchases,
    cast(customers_expected.expected_spend as decimal(18, 4)) as expected_spend,
    cast(
        customers_expected.expected_purchases * customers_expected.expected_spend * customers_expected.net_share
        as decimal(18, 2)
    ) as value_12_months,
    cast(outlooks.next_period_value as decimal(18, 2)) as next_period_value
from customers_expected
left join outlooks
    on customers_expected.customer_key = outlooks.customer_key
