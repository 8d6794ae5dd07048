"""The same promises kept by a local folder and by an S3 bucket (moto's server over HTTP)."""

import os
import stat
from io import BytesIO

import boto3
import pytest
from moto.server import ThreadedMotoServer

from app.storage import BadKey, LocalStorage, Missing, S3Storage, StorageUnavailable, from_url

BAD_KEYS = [
    "",
    "/etc/passwd",
    "../x",
    "a/../b",
    "a//b",
    "a/",
    ".hidden",
    "a/.b",
    "a\x00b",
    "a b",
    "ä",
    "x" * 101,
]
BAD_KEYS += ["a\n", "%2e%2e/x", "a\\b", "/".join("abcdefghi"), "C:/x"]


@pytest.fixture(scope="module")
def s3_endpoint():
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_endpoint, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
    where = {"LocationConstraint": "eu-west-2"}
    client = boto3.client("s3", endpoint_url=s3_endpoint)
    if not client.list_buckets()["Buckets"]:
        client.create_bucket(Bucket="files", CreateBucketConfiguration=where)
    return from_url(f"s3://files/attachments/?endpoint={s3_endpoint}&region=eu-west-2")


@pytest.fixture(params=["local", "s3"])
def storage(request, tmp_path):
    if request.param == "local":
        return from_url(f"file://{tmp_path}/files")
    return request.getfixturevalue("bucket")


def test_what_was_put_is_read_back(storage):
    storage.put("acme/0a1b.bin", b"\x00hello", "image/png")
    with storage.open("acme/0a1b.bin") as file:
        assert file.read() == b"\x00hello"


def test_a_file_object_can_be_put_and_replaces_what_was_there(storage):
    storage.put("acme/one", b"old" * 1000, "text/plain")
    storage.put("acme/one", BytesIO(b"new"), "text/plain")
    with storage.open("acme/one") as file:
        assert file.read() == b"new"


def test_a_missing_file_is_named(storage):
    with pytest.raises(Missing, match="acme/none"):
        storage.open("acme/none")


def test_deleting_twice_is_no_error(storage):
    storage.put("acme/gone", b"x", "text/plain")
    storage.delete("acme/gone")
    storage.delete("acme/gone")
    with pytest.raises(Missing):
        storage.open("acme/gone")


@pytest.mark.parametrize("key", BAD_KEYS)
def test_no_key_leaves_the_storage(storage, key):
    for call in (lambda: storage.put(key, b"", "x"), lambda: storage.open(key), lambda: storage.delete(key)):
        with pytest.raises(BadKey):
            call()


def test_folders_and_files_are_ours_alone_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        LocalStorage(tmp_path / "files").put("a/b/c", b"x", "text/plain")
    finally:
        os.umask(before)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "files").rglob("*")}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}


def test_a_write_that_fails_leaves_the_old_file_and_no_rubbish(tmp_path):
    class Broken(BytesIO):
        def read(self, *args):
            raise OSError("No space left on device")

    local = LocalStorage(tmp_path / "files")
    local.put("a/b", b"old", "text/plain")
    with pytest.raises(StorageUnavailable, match="No space left"):
        local.put("a/b", Broken(), "text/plain")
    assert (local.root / "a/b").read_bytes() == b"old"
    assert [path.name for path in (tmp_path / "files/a").iterdir()] == ["b"]


def test_a_bucket_out_of_reach_is_reported_as_such(bucket):
    away = S3Storage("no-such-bucket", endpoint=bucket._client.meta.endpoint_url)
    with pytest.raises(StorageUnavailable):
        away.put("a/b", b"x", "text/plain")


@pytest.mark.parametrize("url", ["", "files", "ftp://x/y", "s3:///x", "file://host/x"])
def test_an_unknown_kind_of_storage_is_refused(url):
    with pytest.raises(ValueError, match="storage must be"):
        from_url(url)
