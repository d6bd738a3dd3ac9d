"""What outlives a process: runs and how far they came, leases and worker slots, in SQLite or PostgreSQL.

Knows neither Dataverse nor invoices: keys, texts and numbers. What a run means is `connector.runner`'s.
"""
