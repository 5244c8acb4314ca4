"""Use cases of searches: requests, the driver, trials, the winner."""
