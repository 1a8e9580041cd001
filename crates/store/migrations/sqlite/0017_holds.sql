-- The holds of one node are asked for only as it starts, and whoever looks for dead nodes looks through all holds: calls under
-- way are few, and each would pay for this index.
DROP INDEX holds_node;
