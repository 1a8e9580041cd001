-- The product's own user that a service key's call was made for. (`user` is a reserved word in PostgreSQL.)
ALTER TABLE receipts ADD COLUMN for_user TEXT;
