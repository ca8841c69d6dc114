/*---
about = "Both exports; an invoice that is in the first is not taken again from the second (1,088 invoices, 22,523 lines)."
grain = []
kind = "table"

[columns]
invoice_id = { type = "utf8", about = "Starts with C for a cancellation, A for a bad-debt adjustment." }
product_id = { type = "utf8", about = "Upper case." }
quantity = { type = "int64", about = "Negative on cancellations and stock corrections." }
invoiced_at = { type = "timestamp", about = "Local time of the shop; the source has no zone." }
unit_price = { type = "decimal(18,4)", about = "GBP; prices of 0.001 exist." }
customer_id = { type = "utf8", about = "Null on 22.8 % of lines." }
kind = { type = "utf8", about = "As in stg_order_lines." }
---*/
with

first_export as (

    select *
    from stg_invoice_lines_2009

),

second_export as (

    select *
    from stg_invoice_lines_2010

),

first_invoices as (

    select distinct invoice_id
    from stg_invoice_lines_2009

),

lines_unioned as (

    select * from first_export

    union all

    select second_export.*
    from second_export
    left anti join first_invoices
        on second_export.invoice_id = first_invoices.invoice_id

)

select
    invoice_id,
    product_id,
    quantity,
    invoiced_at,
    unit_price,
    customer_id,
    case
        when invoice_id like 'C%' then 'cancellation'
        when invoice_id like 'A%' then 'adjustment'
        when quantity > 0 and unit_price > 0 then 'sale'
        else 'correction'
    end as kind
from lines_unioned
