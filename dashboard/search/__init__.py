"""The search room: what may be tried, who proposes it, when a trial is stopped, and what was found. Numbers only."""
