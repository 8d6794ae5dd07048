"""Join the lines of a format=flowed text (RFC 3676) into the paragraphs that were written."""

from __future__ import annotations


def unflow(text: str, delete_space: bool) -> str:
    """Give the text with flowed lines joined; `delete_space` is the DelSp parameter (section 4.1)."""
    out: list[str] = []
    joining, joining_depth = False, 0
    for line in text.split("\n"):
        bare = line.lstrip(">")
        depth = len(line) - len(bare)
        bare = bare.removeprefix(" ")
        is_signature = bare == "-- "
        if joining and depth == joining_depth and not is_signature:
            out[-1] += bare
        else:
            out.append((">" * depth + " " if depth else "") + bare)
        joining = bare.endswith(" ") and not is_signature
        joining_depth = depth
        if joining and delete_space:
            out[-1] = out[-1][:-1]
    return "\n".join(out)
