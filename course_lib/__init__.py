"""The library behind the course: what the notebooks import."""

import warnings

warnings.filterwarnings("ignore", message="IProgress not found")  # plain progress bars are what we want
