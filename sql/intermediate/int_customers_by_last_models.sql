/*---
about = "What last period's models say of this period's customers: what would have been published had nothing been fitted again."
grain = ["customer_key"]
kind = "view"

[columns]
customer_key = { type = "int64", not_null = true, about = "Keyed pseudonym." }
segment = { type = "int64", min = 0, about = "Segment by last period's model; 0 if not active, 99 if unlike any segment." }
value_12_months = { type = "decimal(18,2)", about = "12-month value by last period's models, rounded to the minor unit; null if there are none." }
churn_risk = { type = "decimal(9,6)", min = 0, max = 1, about = "P(no purchase in the horizon) by last period's models and horizon; null if they were not published." }
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
    from fitted.last_purchase_model

),

spend_model as (

    select
        p,
        q,
        gamma,
        own_above,
        net_share,
        net_share_prior_days
    from fitted.last_spend_model

),

customers_expected as (

    select
        customers.customer_key,
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

),

segments as (

    select
        customer_key,
        segment
    from fitted.last_segments

),

risks as (

    select
        customer_key,
        churn_risk
    from fitted.last_risks

)

select
    customers.customer_key,
    coalesce(segments.segment, 0) as segment,
    cast(
        customers_expected.expected_purchases * customers_expected.expected_spend * customers_expected.net_share
        as decimal(18, 2)
    ) as value_12_months,
    cast(risks.churn_risk as decimal(9, 6)) as churn_risk
from customers
left join customers_expected
    on customers.customer_key = customers_expected.customer_key
left join segments
    on customers.customer_key = segments.customer_key
left join risks
    on customers.customer_key = risks.customer_key
