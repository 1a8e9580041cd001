"""What the suites share: processes, clients, the load driver, the leak scanner."""
