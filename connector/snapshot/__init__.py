"""What the job touches in an environment, pulled into a file that the emulator plays.

`read.py` asks the environment, `blank.py` takes names and amounts away, `lines.py` writes. The format is
that of docs/snapshot.md; the emulator has a reader of its own, since it never imports the client.
"""

from connector.snapshot.blank import Blanking
from connector.snapshot.lines import snapshot_lines
from connector.snapshot.read import pull
from connector.snapshot.rows import Header, Pulled, Row

__all__ = ["Blanking", "Header", "Pulled", "Row", "pull", "snapshot_lines"]
