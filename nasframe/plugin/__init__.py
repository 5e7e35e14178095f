"""What an installed plug-in is to the core: its hooks, the components it offers, and which of them fit together.

Read ``component`` (what a plug-in declares), ``hookspecs`` (the three hooks), ``registry`` (everything that is
installed), ``loading`` (from a component's target to its class) and ``compatibility`` (who can work with whom);
``engine`` and ``golden`` hold what two kinds of components are: what evaluates candidates, and numbers that must come
out. Nothing here loads torch.
"""
