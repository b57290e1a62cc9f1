IF EXISTS (
    SELECT 1 FROM sys.external_data_sources
    WHERE name = {source_text} AND location NOT IN ({location}, {location_closed})
)
BEGIN
    THROW 50000, N'The external data source is there and leads elsewhere: drop it first if it is to lead here.', 1;
END;
IF NOT EXISTS (SELECT 1 FROM sys.external_data_sources WHERE name = {source_text})
BEGIN
    CREATE EXTERNAL DATA SOURCE {source} WITH (LOCATION = {location}, CREDENTIAL = {credential});
END;
