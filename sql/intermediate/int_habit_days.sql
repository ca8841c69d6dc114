/*---
about = "Every day of the last 12 months, with the figures that habits are estimated from. A figure is null on a day that is no purchase."
grain = ["customer_key", "order_date"]
kind = "view"

[columns]
customer_key = { type = "int64", not_null = true, about = "Keyed pseudonym." }
order_date = { type = "date", about = "Calendar day." }
is_purchase = { type = "boolean", not_null = true, about = "Whether the day counts as a purchase." }
is_recent = { type = "boolean", not_null = true, about = "Inside the last 91 days: what mergers of segments are told from." }
sold_amount = { type = "decimal(18,4)", about = "As in int_customer_days." }
returned_amount = { type = "decimal(18,4)", about = "Amount returned or cancelled on that day, positive." }
spend = { type = "decimal(18,4)", min = 0, about = "As in int_purchase_log." }
sold_lines = { type = "int64", min = 0, about = "Lines sold." }
discount_share = { type = "decimal(9,6)", min = 0, max = 1, about = "Reductions by the amount before them; null if the export does not say." }
---*/
with

purchase_log as (

    select
        customer_key,
        order_date,
        sold_lines,
        sold_amount,
        returned_amount,
        discount_amount,
        spend
    from int_purchase_log
    where order_date >= $year_start

)

select
    customer_key,
    order_date,
    spend is not null as is_purchase,
    days_between(order_date, $as_of) <= 91 as is_recent,
    sold_amount,
    cast(-returned_amount as decimal(18, 4)) as returned_amount,
    spend,
    case when spend is not null then sold_lines end as sold_lines,
    cast(
        case
            when spend is null or discount_amount is null then null
            when sold_amount + discount_amount > 0
                then least(greatest(discount_amount / (sold_amount + discount_amount), 0), 1)
            else 0
        end as decimal(9, 6)
    ) as discount_share
from purchase_log
