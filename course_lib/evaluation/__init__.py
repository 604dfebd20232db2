"""From tasks and retrievers to scores, intervals and a verdict."""
