import importlib.util
from pathlib import Path

from nasframe.testing import SpaceContract

_spec = importlib.util.spec_from_file_location("nasframe_tiny_space", Path(__file__).parent / "nasframe_tiny_space.py")
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)


class TestTinyRates(SpaceContract):
    space = _module.TinyRates()
