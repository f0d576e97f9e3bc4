"""Files that are read at run time: links into the checkout, copies in an installed wheel.

`sql` and `config` are symbolic links beside this module. A built wheel holds the files themselves in
their place, so `path("sql/migrations")` answers in both. Nothing here is written to.
"""

from importlib.resources import files
from pathlib import Path


def path(name: str) -> Path:
    """The file or directory `name`, such as `sql/migrations` or `config/bookingd.toml`.

    Raises FileNotFoundError when the installation lacks it. bookingd is never run from a zip file
    (`zip_safe = False`), so a resource is always a file.
    """
    found = Path(str(files(__name__))).joinpath(name).resolve()
    if not found.exists():
        raise FileNotFoundError(f"this installation of bookingd lacks {name} (looked at {found})")
    return found
