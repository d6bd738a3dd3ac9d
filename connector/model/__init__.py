"""The business as values: one file per Dataverse table, the job chain, the rules and the reasons."""
