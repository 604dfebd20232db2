"""From a recipe, an encoder and a dataset to a model folder with its record."""
