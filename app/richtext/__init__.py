"""Text that strangers wrote, made safe to show: HTML sanitised, to and from plain text. Pure."""

from app.richtext.plain import linkify, printable, snippet, to_text
from app.richtext.sanitising import rewrite_cids, sanitise, show_remote

__all__ = ["linkify", "printable", "rewrite_cids", "sanitise", "show_remote", "snippet", "to_text"]
