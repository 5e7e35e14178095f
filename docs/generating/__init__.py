"""What the documentation says of the code, read from its text: no module of the project is imported.

Read ``layers`` (who may import whom, and what plug-ins may import), ``imports`` (who does import whom), ``reading``
(docstrings and public names), then the pages: ``architecture`` with ``arranging`` and ``drawing``, and ``api``.
"""
