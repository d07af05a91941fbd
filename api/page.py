"""The phone page: the files of web/ as they stand in git, compressed once and kept in memory."""

import base64
import gzip
import mimetypes
import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from hub.errors import NotFound

_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
_NOT_SERVED = (".test.js", ".md", "CHECKSUMS", ".d.ts")
_INLINE_IMPORT_MAP = re.compile(rb'<script type="importmap">(.*?)</script>', re.DOTALL)


@dataclass(frozen=True, slots=True)
class _File:
    etag: str
    media_type: str
    plain: bytes
    gzipped: bytes | None


class Page:
    """Serves the files of one folder and nothing outside it."""

    def __init__(self, folder: Path) -> None:
        self._files = {
            path.relative_to(folder).as_posix(): _read(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.name.endswith(_NOT_SERVED)
        }

    def content_policy(self) -> str:
        """The Content-Security-Policy: own files only, and the one import map by its hash."""
        index = self._files.get("index.html")
        found = _INLINE_IMPORT_MAP.search(index.plain) if index else None
        digest = base64.b64encode(sha256(found.group(1)).digest()).decode() if found else ""
        allowed = f" 'sha256-{digest}'" if digest else ""
        return (
            f"default-src 'self'; script-src 'self'{allowed}; img-src 'self' data: blob:; "
            "media-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
            "frame-ancestors 'none'"
        )

    def answer(self, request: Request, path: str) -> Response:
        """One file. Raises NotFound; 304 for what the phone already has."""
        file = self._files.get(path or "index.html")
        if file is None:
            detail = "There is no such page"
            raise NotFound(detail)
        # The phone asks each time and mostly hears 304: a new version is never missed.
        headers = {"ETag": file.etag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match") == file.etag:
            return Response(status_code=304, headers=headers)
        if file.gzipped is not None and "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(file.gzipped, headers=headers, media_type=file.media_type)
        return Response(file.plain, headers=headers, media_type=file.media_type)


def _read(path: Path) -> _File:
    plain = path.read_bytes()
    media_type = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    gzipped = gzip.compress(plain, 9, mtime=0)
    return _File(
        etag=f'"{sha256(plain).hexdigest()[:12]}"',
        media_type=media_type or "application/octet-stream",
        plain=plain,
        gzipped=gzipped if len(gzipped) < len(plain) * 0.9 else None,
    )
