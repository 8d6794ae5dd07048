"""The demo's pictures: drawn when it is loaded, so that no file has to be kept. Pure."""

from io import BytesIO
from zlib import crc32

from PIL import Image, ImageDraw

SIZE = (640, 400)
TINTS = ("#c2410c", "#0f766e", "#1d4ed8", "#7e22ce", "#b45309", "#be185d")


def picture(name: str) -> bytes:
    """A PNG that is always the same for the same name: a sketch with the name on it."""
    seed = crc32(name.encode())
    image = Image.new("RGB", SIZE, "#f8fafc")
    draw = ImageDraw.Draw(image)
    for place in range(6):
        left, top = (seed >> place) % 400 + 20 * place, (seed >> (place + 5)) % 240 + 10 * place
        tint = TINTS[(seed + place) % len(TINTS)]
        draw.rounded_rectangle((left, top, left + 160, top + 90), 10, outline=tint, width=6)
    draw.text((24, 360), name, fill="#334155", font_size=22)
    written = BytesIO()
    image.save(written, "PNG", optimize=True)
    return written.getvalue()
