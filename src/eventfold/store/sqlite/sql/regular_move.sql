UPDATE regular_after SET position = ?1 WHERE position < ?1
