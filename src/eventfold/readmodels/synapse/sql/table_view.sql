CREATE OR ALTER VIEW {view} AS
SELECT {names}
FROM OPENROWSET(
    BULK {folder},
    DATA_SOURCE = {source_text},
    FORMAT = 'DELTA'
) WITH (
    {columns}
) AS [rows];
