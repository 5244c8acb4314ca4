"""Use cases of why the loss changed between two versions: shares of the change, and what putting back restores."""
