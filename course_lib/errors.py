"""The one exception a learner is meant to read."""


class CourseError(Exception):
    """One sentence: what is wrong, where (file:line), and what to do. The command prints it and exits with 1."""
