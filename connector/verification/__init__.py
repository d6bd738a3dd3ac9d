"""Whether invoicing will run: evidence is read once, judged by pure checks, and reported.

    checks = select(only=["JOB", "SCH02"], skip=[])
    evidence = read_evidence(client, tables, needs=needs_of(checks))
    report = verify(evidence, checks)
    report.exit_code

Nothing here changes an environment, and nothing here imports provisioning: what both compare with is
connector.model.desired_job.
"""
