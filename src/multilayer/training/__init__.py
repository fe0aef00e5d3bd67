"""When: rules, schedules, batches, stopping, and the loop that joins them."""
