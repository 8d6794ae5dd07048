"""Where files lie: a local folder or an S3-compatible bucket, behind one small interface."""

import os
import re
import shutil
import tempfile
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast
from urllib.parse import parse_qs, urlsplit

import boto3
from botocore.config import Config as BotoConfig
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}(?:/[A-Za-z0-9][A-Za-z0-9._-]{0,99}){0,7}")


class BadKey(ValueError):
    """A key is up to eight parts of letters, digits, `.`, `_`, `-` between `/`; this one is not."""


class Missing(LookupError):
    """There is no file under this key."""


class StorageUnavailable(RuntimeError):
    """The place of storage is full, read-only or out of reach; the same call may succeed later."""


class Storage(Protocol):
    """Files by key. Keys are random and ours; the name a person gave a file never becomes one."""

    def put(self, key: str, data: bytes | BinaryIO, content_type: str) -> None:
        """Store the whole file or nothing; an earlier file under the key is replaced."""

    def open(self, key: str) -> BinaryIO:
        """The file for reading; the caller closes it. Raises Missing."""

    def delete(self, key: str) -> None:
        """Remove the file; one that is not there is no error."""


class LocalStorage:
    """Files under one folder that only this user may enter (0700, files 0600)."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, key: str, data: bytes | BinaryIO, content_type: str) -> None:
        path = self._path(key)
        with _reported():
            self._make_folder(path.parent)
            # Written apart and renamed, so that no reader and no crash ever sees half a file.
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".new-", delete=False) as file:
                try:
                    shutil.copyfileobj(BytesIO(data) if isinstance(data, bytes) else data, file)
                    file.flush()
                    os.fsync(file.fileno())
                    Path(file.name).replace(path)
                except BaseException:
                    Path(file.name).unlink(missing_ok=True)
                    raise
            _sync_folder(path.parent)

    def open(self, key: str) -> BinaryIO:
        path = self._path(key)
        with _reported():
            try:
                return path.open("rb")
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
                raise Missing(key) from error

    def delete(self, key: str) -> None:
        path = self._path(key)
        with _reported():
            path.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self.root / checked_key(key)

    def _make_folder(self, folder: Path) -> None:
        if folder.is_dir():
            return
        if folder != self.root:
            self._make_folder(folder.parent)
        folder.mkdir(mode=0o700, parents=folder == self.root, exist_ok=True)
        folder.chmod(0o700)


class S3Storage:
    """Files in a bucket; credentials come from the environment in the way every AWS tool reads them."""

    def __init__(self, bucket: str, prefix: str = "", endpoint: str | None = None, region: str | None = None):
        self.bucket = bucket
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        limits = BotoConfig(
            connect_timeout=3, read_timeout=20, retries={"max_attempts": 3, "mode": "standard"}
        )
        self._client = boto3.client("s3", endpoint_url=endpoint, region_name=region, config=limits)

    def put(self, key: str, data: bytes | BinaryIO, content_type: str) -> None:
        name = self._name(key)
        with _reported():
            body = BytesIO(data) if isinstance(data, bytes) else data
            extra = {"ContentType": content_type, "ContentDisposition": "attachment"}
            self._client.upload_fileobj(body, self.bucket, name, ExtraArgs=extra)

    def open(self, key: str) -> BinaryIO:
        name = self._name(key)
        with _reported():
            try:
                return cast(BinaryIO, self._client.get_object(Bucket=self.bucket, Key=name)["Body"])
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "404"):
                    raise Missing(key) from error
                raise

    def delete(self, key: str) -> None:
        name = self._name(key)
        with _reported():
            self._client.delete_object(Bucket=self.bucket, Key=name)

    def _name(self, key: str) -> str:
        return self.prefix + checked_key(key)


def from_url(url: str) -> Storage:
    """`file:///folder`, or `s3://bucket/prefix?endpoint=https://…&region=…`. Raises ValueError on another."""
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.path and not parts.netloc:
        return LocalStorage(Path(parts.path))
    if parts.scheme == "s3" and parts.netloc:
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        return S3Storage(parts.netloc, parts.path, query.get("endpoint"), query.get("region"))
    raise ValueError(f"storage must be file:///folder or s3://bucket/prefix, not {parts.scheme}://…")


def checked_key(key: str) -> str:
    """The key itself, if it cannot leave the storage or hide in it. Raises BadKey."""
    if not _KEY.fullmatch(key):
        raise BadKey(key[:100])
    return key


@contextmanager
def _reported() -> "Iterator[None]":
    try:
        yield
    except (OSError, BotoCoreError, ClientError) as error:
        raise StorageUnavailable(str(error)) from error


def _sync_folder(folder: Path) -> None:
    # The rename itself is only durable once the folder is.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
