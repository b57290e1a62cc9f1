IF OBJECT_ID({staging_text}) IS NOT NULL
BEGIN
    DROP TABLE {staging};
END;
CREATE TABLE {staging} (
    {columns}
) WITH (DISTRIBUTION = HASH({key}), HEAP);
