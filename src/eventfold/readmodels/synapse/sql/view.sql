CREATE OR ALTER VIEW {view} AS
{select};
