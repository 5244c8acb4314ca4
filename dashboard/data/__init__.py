"""From a CSV file to typed columns to the arrays that training reads."""
