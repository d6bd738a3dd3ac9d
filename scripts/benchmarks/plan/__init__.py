"""How quick planning is, what a contract costs in requests, and that memory does not grow."""
