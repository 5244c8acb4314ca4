"""Runs: their states, the coordinator, and the processes in which they execute."""
