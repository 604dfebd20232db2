"""The library behind the course: what the notebooks import."""
