/*---
about = "One row per calendar quarter of the market with any line before as-of: the totals that finance knows."
grain = ["quarter"]
kind = "table"
publish = true

[columns]
quarter = { type = "utf8", not_null = true, about = "Like 2011Q3." }
customers = { type = "int64", min = 0, about = "Distinct customer ids with a sale line." }
orders = { type = "int64", min = 0, about = "Distinct orders with a sale line." }
lines = { type = "int64", min = 0, about = "Source lines of any kind." }
gross_amount = { type = "decimal(18,4)", about = "Amount of sale lines, guests included." }
returned_amount = { type = "decimal(18,4)", about = "Amount of return and cancellation lines, negative." }
net_amount = { type = "decimal(18,4)", about = "Gross plus returns." }
unidentified_gross_amount = { type = "decimal(18,4)", about = "Amount of sale lines without a customer id." }
unidentified_net_amount = { type = "decimal(18,4)", about = "Net amount of lines that no profile owns: guests, and customers who objected to profiling." }
unidentified_lines = { type = "int64", min = 0, about = "Source lines without a customer id." }
discount_amount = { type = "decimal(18,4)", about = "Reductions already taken off, positive; null if the export does not say." }
---*/
with

order_lines as (

    select
        concat(
            cast(date_part('year', order_date) as varchar), 'Q', cast(date_part('quarter', order_date) as varchar)
        ) as quarter,
        order_key,
        customer_key,
        kind,
        line_count,
        amount,
        discount,
        customer_key is not null and is_profiled as is_owned
    from int_order_lines

)

select
    quarter,
    count(distinct case when kind = 'sale' then customer_key end) as customers,
    count(distinct case when kind = 'sale' then order_key end) as orders,
    sum(line_count) as lines,
    cast(sum(case when kind = 'sale' then amount else 0 end) as decimal(18, 4)) as gross_amount,
    cast(sum(case when kind in ('return', 'cancellation') then amount else 0 end) as decimal(18, 4)) as returned_amount,
    cast(sum(case when kind in ('sale', 'return', 'cancellation') then amount else 0 end) as decimal(18, 4)) as net_amount,
    cast(
        sum(case when kind = 'sale' and customer_key is null then amount else 0 end) as decimal(18, 4)
    ) as unidentified_gross_amount,
    cast(
        sum(case when kind in ('sale', 'return', 'cancellation') and not is_owned then amount else 0 end) as decimal(18, 4)
    ) as unidentified_net_amount,
    sum(case when customer_key is null then line_count else 0 end) as unidentified_lines,
    cast(sum(discount) as decimal(18, 4)) as discount_amount
from order_lines
group by quarter
