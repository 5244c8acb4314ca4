"""One module for each format of weights; `dashboard/formats/registry.py` lists them."""
