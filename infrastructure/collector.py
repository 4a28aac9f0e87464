"""How often a serving process looks for garbage in cycles.

Python's defaults suit a script: every 700 new objects are looked through, and now and then all that
is loaded. A process that serves frees nearly everything by its references; a fifth of its time went
into looking (`make bench-send`).
"""

import gc
from typing import Final

YOUNG_OBJECTS: Final = 10_000


def spare_collector() -> None:
    """Keeps what is loaded by now out of every collection, and the young ones far apart."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)
