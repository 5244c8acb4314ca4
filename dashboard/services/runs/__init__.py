"""Use cases of runs: the queue, the journal, the coordinator."""
