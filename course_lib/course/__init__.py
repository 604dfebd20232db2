"""Running the notebooks, keeping their results, checking their form."""
