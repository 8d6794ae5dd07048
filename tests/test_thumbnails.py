"""Thumbnails from honest, damaged and hostile pictures (X2, W2, M23)."""

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

from app.thumbnails import NotAPicture, raster_type, thumbnail


def picture(kind: str, size=(900, 300), mode="RGB", **options) -> bytes:
    out = BytesIO()
    Image.new(mode, size, "red").save(out, kind, **options)
    return out.getvalue()


def png_claiming(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 1_000_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_each_raster_format_becomes_a_small_picture(kind):
    small = thumbnail(picture(kind), longest=300)
    assert (small.width, small.height) == (300, 100)
    assert raster_type(small.data) == small.content_type


def test_transparency_is_kept_as_png():
    assert thumbnail(picture("PNG", mode="RGBA")).content_type == "image/png"


def test_a_picture_stored_on_its_side_is_turned_and_loses_its_metadata():
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "secret place"
    small = thumbnail(picture("JPEG", exif=exif, comment=b"secret words"), longest=300)
    assert (small.width, small.height) == (100, 300)
    assert b"secret" not in small.data
    assert not Image.open(BytesIO(small.data)).getexif()


@pytest.mark.parametrize("size", [(50_000, 50_000), (2**31 - 1, 1), (6400, 6400)])
def test_a_decompression_bomb_is_refused_before_it_is_decoded(size):
    with pytest.raises(NotAPicture):
        thumbnail(png_claiming(*size))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.4",
        b"GIF89a<script>",
        b"RIFF",
        b"BM" + b"\0" * 60,
    ],
)
def test_what_is_no_raster_picture_is_refused(data):
    assert raster_type(data) is None
    with pytest.raises(NotAPicture):
        thumbnail(data)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_damaged_picture_is_refused(kind):
    data = picture(kind)
    with pytest.raises(NotAPicture):
        thumbnail(data[: len(data) // 3])
