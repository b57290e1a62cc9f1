CREATE OR ALTER VIEW {view} AS
SELECT {names}
FROM OPENROWSET(
    BULK {folder},
    DATA_SOURCE = {source_text},
    FORMAT = N'DELTA'
) WITH (
    {columns}
) AS [rows];
