GRANT SELECT ON OBJECT::{view} TO {role};
