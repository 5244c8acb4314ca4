"""What the pages of every noun are built with: queries, tables, forms, formats, answers."""
