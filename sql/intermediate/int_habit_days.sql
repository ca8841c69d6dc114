/*---
about = "Every day of the last 12 months of the active customers, with the figures that habits are estimated from. A figure is null on a day that is no purchase."
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

),

active_customers as (

    select customer_key
    from int_customers_summarised
    where is_active

)

select
    purchase_log.customer_key,
    purchase_log.order_date,
    purchase_log.spend is not null as is_purchase,
    days_between(purchase_log.order_date, $as_of) <= 91 as is_recent,
    purchase_log.sold_amount,
    cast(-purchase_log.returned_amount as decimal(18, 4)) as returned_amount,
    purchase_log.spend,
    case when purchase_log.spend is not null then purchase_log.sold_lines end as sold_lines,
    cast(
        case
            when purchase_log.spend is null or purchase_log.discount_amount is null then null
            when purchase_log.sold_amount + purchase_log.discount_amount > 0
                then least(
                    greatest(
                        purchase_log.discount_amount / (purchase_log.sold_amount + purchase_log.discount_amount), 0
                    ),
                    1
                )
            else 0
        end as decimal(9, 6)
    ) as discount_share
from purchase_log
inner join active_customers
    on purchase_log.customer_key = active_customers.customer_key
