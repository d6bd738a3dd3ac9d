"""What a full `projops verify` costs in requests, seconds and memory, by the number of contract lines."""
