"""DARTS's own search space: its networks, its supernet, and what deriving from that finds.

To read: ``options``, ``questions`` and ``space`` (``wide`` beside it), then ``skeleton``, ``operations`` and
``network`` for what is built, and ``banks``, ``mixed_cell``, ``supernet``, ``decoding``, ``single_path`` and
``inheritance`` for what is searched.
"""
