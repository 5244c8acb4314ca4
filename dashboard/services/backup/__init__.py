"""Use cases of backups: making one while runs go on, proving it, and restoring it elsewhere."""
