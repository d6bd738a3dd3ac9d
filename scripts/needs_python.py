# Every script imports this first, so it has to parse on each Python there ever was.
import sys

if sys.version_info < (3, 11):
    sys.exit(
        "This project needs Python 3.11 or later, and this is Python %d.%d (%s): "
        "start the script with a newer one, for example python3.11 or py -3.11."
        % (sys.version_info[0], sys.version_info[1], sys.executable)
    )
