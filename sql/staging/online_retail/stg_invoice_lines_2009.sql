/*---
about = "First export: renamed and cast. Customer ids become text without decimals; product codes are upper case (85123A and 85123a are one)."
grain = []
kind = "view"
---*/
select
    "Invoice" as invoice_id,
    upper(trim("StockCode")) as product_id,
    "Quantity" as quantity,
    "InvoiceDate" as invoiced_at,
    cast("Price" as decimal(18, 4)) as unit_price,
    cast("Customer ID" as varchar) as customer_id
from source.invoice_lines_2009
