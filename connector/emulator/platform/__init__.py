"""What the platform does with the rows: the job, the invoices, the privileges, the trouble on request.

`Platform` (in platform.py) hangs all of it into the protocol's registry.
"""
