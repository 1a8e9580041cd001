-- What a response used that was made in the background, told before the call that made it is known: that call counts it.
ALTER TABLE responses ADD COLUMN told TEXT;
