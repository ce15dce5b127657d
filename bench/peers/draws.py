"""Random numbers that a work brings along, so that a test can hold two tools to the same ones."""


class Given:
    """`work["draws"]`: one flat list a draw, in the order of the draws; begins again when they have all been taken."""

    def __init__(self, work):
        self.lists, self.count = work["draws"], 0

    def next(self):
        values = self.lists[self.count % len(self.lists)]
        self.count += 1
        return values
