SELECT type, sum(events)
FROM _types
WHERE type NOT IN (SELECT value FROM json_each(:known))
  AND (
    category IN (SELECT value FROM json_each(:categories))
    OR category IN (SELECT category FROM _types WHERE type IN (SELECT value FROM json_each(:beside)))
  )
GROUP BY type
ORDER BY type
