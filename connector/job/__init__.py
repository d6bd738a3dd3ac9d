"""The job in an environment: looked at, started once, canceled. Provisioning and support share it."""
