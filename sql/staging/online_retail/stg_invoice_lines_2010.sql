/*---
about = "Second export: renamed and cast to the shape of the first."
grain = []
kind = "view"
---*/
select
    "InvoiceNo" as invoice_id,
    upper(trim("StockCode")) as product_id,
    "Quantity" as quantity,
    "InvoiceDate" as invoiced_at,
    cast("UnitPrice" as decimal(18, 4)) as unit_price,
    cast(cast("CustomerID" as bigint) as varchar) as customer_id
from source.invoice_lines_2010
