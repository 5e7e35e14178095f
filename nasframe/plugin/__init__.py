"""What an installed plug-in is to the core: its hooks, the components it offers, and which of them fit together.

Read ``component`` (what a plug-in declares), ``hookspecs`` (the three hooks), ``registry`` (everything that is
installed, imported and checked when it is looked up) and ``compatibility`` (who can work with whom); ``engine`` and
``golden`` hold what two kinds of components are: what evaluates candidates, and numbers that must come out. Nothing
here loads torch.
"""
