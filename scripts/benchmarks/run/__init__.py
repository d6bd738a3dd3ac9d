"""What a run that creates invoices costs: in line, durable, by one worker and by two."""
