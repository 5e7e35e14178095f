"""Files in and out, for every other folder: plain data that knows where it was written, YAML, and atomic writes.

Read ``located`` (values with their places, and faults), ``yaml_text`` and ``variables`` (reading and writing YAML),
``atomic`` (a file is written wholly or not at all), then the files of single things: ``genotypes``, ``graphs`` with
``exact_json``, ``evaluations``.
"""
