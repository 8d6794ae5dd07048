"""Static files under content-hashed, immutable URLs, served by WhiteNoise in front of the application."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from whitenoise import WhiteNoise

PREFIX = "/static/"
HASHED = re.compile(r"\.[0-9a-f]{12}(?=\.[a-z0-9]+$)")


class Assets:
    """Knows the hashed URL of every file below one folder.

    `watch` (development) looks at each file again when it is asked for, so an edit shows on the next
    reload; otherwise every file is hashed once, at the start.
    """

    def __init__(self, root: Path, watch: bool = False) -> None:
        self.root = root
        self.watch = watch
        self._known: dict[str, tuple[int, str]] = {}

    def url(self, name: str) -> str:
        """`css/inbox.css` in, `/static/css/inbox.0123456789ab.css` out; never with an organisation's prefix.

        Raises FileNotFoundError, saying what to run, when there is no such file.
        """
        known = self._known.get(name)
        if known and not self.watch:
            return known[1]
        path = self.root / name
        try:
            changed = path.stat().st_mtime_ns
        except FileNotFoundError:
            raise FileNotFoundError(f"{path} is missing: run bin/assets") from None
        if known is None or known[0] != changed:
            mark = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
            known = (changed, f"{PREFIX}{name.removesuffix(path.suffix)}.{mark}{path.suffix}")
            self._known[name] = known
        return known[1]

    def file(self, url: str) -> Path:
        """The file behind a hashed URL: its compressed twin from bin/assets where one exists, else itself."""
        name = HASHED.sub("", url).removeprefix(PREFIX)
        twin = self.root / "vendor" / "twins" / Path(url).name
        return twin if twin.is_file() and url == self.url(name) else self.root / name

    def served_before(self, application: Any) -> WhiteNoise:
        """WSGI application that answers for static files and passes everything else on."""
        return _StaticFiles(application, self)


class _StaticFiles(WhiteNoise):
    """WhiteNoise that knows each file by its plain name and, for ever, by its hashed one."""

    def __init__(self, application: Any, assets: Assets) -> None:
        self.assets = assets
        super().__init__(
            application,
            autorefresh=assets.watch,
            allow_all_origins=False,
            immutable_file_test=HASHED.pattern,
            add_headers_function=_harden,
        )
        self.add_files(assets.root, PREFIX)

    def update_files_dictionary(self, root: str, prefix: str) -> None:
        super().update_files_dictionary(root, prefix)
        names = [url.removeprefix(prefix) for url in self.files]
        for name in (each for each in names if not Path(each).name.startswith(".")):
            hashed = self.assets.url(name)
            self.add_file_to_dictionary(hashed, str(self.assets.file(hashed)))

    def candidate_paths_for_url(self, url: str) -> Iterator[str]:
        known: Iterable[str] = super().candidate_paths_for_url(HASHED.sub("", url))
        for path in known:
            yield str(self.assets.file(url)) if HASHED.search(url) and Path(path).is_file() else path


def _harden(headers: Any, path: str, url: str) -> None:
    """An SVG opened by itself is a document: neither script nor style of it may run."""
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if path.endswith(".svg"):
        headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
