"""Where tables lie: the waist that every store fits through, and the stores."""
