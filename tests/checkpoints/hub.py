"""A Hugging Face hub on localhost: enough of it to download the files of a model at a revision."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class _Hub(BaseHTTPRequestHandler):
    models: Path
    revisions = ("main", "v1", COMMIT)

    def log_message(self, *_: object) -> None:
        """Be quiet."""

    def do_HEAD(self) -> None:
        """Answer with the headers alone."""
        self._answer(body=False)

    def do_GET(self) -> None:
        """Answer."""
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        place = self.path.partition("?")[0].strip("/").split("/")
        if place[:2] == ["api", "models"]:
            folder, revision = self.models.joinpath(*place[2:4]), place[5] if len(place) > 5 else "main"
            if folder.is_dir() and revision in self.revisions:
                self._send(json.dumps(_listed(folder, tree=place[4] == "tree")).encode(), body=body)
                return
            self._refuse("RevisionNotFound" if folder.is_dir() else "RepoNotFound")
            return
        file = self.models.joinpath(*place[:2], *place[4:])
        if len(place) > 4 and place[2] == "resolve" and file.is_file():
            self._send(file.read_bytes(), body=body)
        else:
            self._refuse("EntryNotFound")

    def _send(self, content: bytes, *, body: bool) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if body:
            self.wfile.write(content)

    def _refuse(self, code: str) -> None:
        self.send_response(404)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()


def _listed(folder: Path, *, tree: bool) -> object:
    files = sorted(file for file in folder.iterdir() if file.is_file())
    if tree:
        return [{"type": "file", "path": f.name, "size": f.stat().st_size, "oid": _hash(f)} for f in files]
    return {"id": folder.name, "sha": COMMIT, "siblings": [{"rfilename": file.name} for file in files]}


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@contextmanager
def serve(models: Path) -> Iterator[str]:
    """Serve the models in ``ORGANISATION/NAME`` folders; yields the address of the hub."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Hub", (_Hub,), {"models": models}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
