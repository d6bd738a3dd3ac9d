"""The durable engine: DBOS Transact. The one package that imports dbos; who needs it imports it late.

DBOS is one per process, so the worker of this process is too. What its edges are stands in docs/durable.md.
"""
