"""How the candidates of a run are evaluated: within limits, once each, kept as soon as finished, by many workers.

``judge`` is what a strategy meets. It asks ``limits`` before anything is trained, ``known`` for what was evaluated
before, and an ``engine`` for the rest: in this process, in others on this machine, or wherever Ray has workers.
"""
