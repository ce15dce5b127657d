"""Random numbers that are part of a work, so that a test can compare two tools on the same numbers."""


class GivenDraws:
    """`work["draws"]`: one flat list per draw, in order; starts again after the last."""

    def __init__(self, work):
        self.lists, self.count = work["draws"], 0

    def next(self):
        values = self.lists[self.count % len(self.lists)]
        self.count += 1
        return values
