"""Small copies of raster pictures, decoded under limits and written anew without metadata. Pure."""

from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
# 40 megapixels is a large camera's picture and 160 MB in memory; a bomb claims far more.
MAX_PIXELS = 40_000_000


class NotAPicture(ValueError):
    """The bytes are no raster picture of a known format, are damaged, or have too many pixels."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded picture: its bytes, media type, and width and height in pixels."""

    data: bytes
    content_type: str
    width: int
    height: int


def raster_type(data: bytes) -> str | None:
    """The media type that the bytes really are, if PNG, JPEG, GIF or WebP, whatever their name says."""
    try:
        with Image.open(BytesIO(data), formats=list(FORMATS)) as image:
            return FORMATS[str(image.format)]
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def thumbnail(data: bytes, longest: int = 480) -> Picture:
    """The first frame, upright, no side over `longest` pixels; PNG if it has transparency, else JPEG.

    Nothing of the original file but its pixels is kept. Raises NotAPicture.
    """
    try:
        with Image.open(BytesIO(data), formats=list(FORMATS)) as image:
            if image.width * image.height > MAX_PIXELS:
                raise NotAPicture(f"{image.width} x {image.height} pixels")
            image.draft("RGB", (longest * 2, longest * 2))
            image.seek(0)
            return _encoded(_pixels(image, longest))
    except NotAPicture:
        raise
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, Image.DecompressionBombError) as error:
        raise NotAPicture(str(error)) from error


def _pixels(image: Image.Image, longest: int) -> Image.Image:
    transparent = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    upright = ImageOps.exif_transpose(image) or image
    upright = upright.convert("RGBA" if transparent else "RGB")
    upright.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    # A fresh image carries no comment, profile or EXIF into the encoder.
    fresh = Image.new(upright.mode, upright.size)
    fresh.paste(upright)
    return fresh


def _encoded(image: Image.Image) -> Picture:
    out = BytesIO()
    if image.mode == "RGBA":
        image.save(out, "PNG", optimize=True)
        return Picture(out.getvalue(), "image/png", *image.size)
    image.save(out, "JPEG", quality=82, progressive=True)
    return Picture(out.getvalue(), "image/jpeg", *image.size)
