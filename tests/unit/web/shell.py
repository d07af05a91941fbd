"""The files that a phone keeps, and the version drawn from their bytes.

`python tests/unit/web/shell.py` writes both into web/sw.js after a file of web/ has changed.
"""

import re
from hashlib import sha256
from pathlib import Path

WEB = Path(__file__).resolve().parents[3] / "web"
WORKER = WEB / "sw.js"
_KINDS = {".js", ".css", ".json", ".webmanifest", ".svg", ".png"}
_NOT_KEPT = {"sw.js", "package.json"}
_VERSION = re.compile(r"const VERSION = '[^']*';")
_LIST = re.compile(r"const SHELL = \[\n.*?\];", re.DOTALL)


def kept_files() -> list[Path]:
    """All that the page is made of; the page itself, `/`, is index.html."""
    files = (path for path in WEB.rglob("*") if path.suffix in _KINDS and path.is_file())
    return sorted(
        path for path in files if path.name not in _NOT_KEPT and ".test." not in path.name
    )


def stamped(worker: str) -> str:
    """The service worker with the list and the version that belong to the files as they are."""
    digest = sha256()
    for path in [WEB / "index.html", *kept_files()]:
        digest.update(path.relative_to(WEB).as_posix().encode() + b"\0" + path.read_bytes())
    paths = ["/", *(f"/{path.relative_to(WEB).as_posix()}" for path in kept_files())]
    lines = "".join(f"  '{path}',\n" for path in paths)
    worker = _VERSION.sub(f"const VERSION = '{digest.hexdigest()[:16]}';", worker)
    return _LIST.sub(f"const SHELL = [\n{lines}];", worker)


if __name__ == "__main__":
    WORKER.write_text(stamped(WORKER.read_text(encoding="utf-8")), encoding="utf-8")
