"""Pictures of spaces, genotypes and runs: each module first computes what there is to draw, then draws it.

``compute`` functions return frozen values that hold no matplotlib object; ``draw`` functions put one of them on
given axes. ``canvas`` makes the axes and saves them.
"""
