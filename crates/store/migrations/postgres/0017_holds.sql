-- Whose node a hold is of is asked only at a start, of the few there are then: no reason to keep an index of it with each call.
DROP INDEX holds_node;
