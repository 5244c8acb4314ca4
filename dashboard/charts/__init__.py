"""The numbers of `analysis`, drawn: Plotly figures and PNG images."""
