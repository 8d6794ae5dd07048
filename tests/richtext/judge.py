"""Reads sanitised HTML with a parser of its own and says what in it could act, move or fetch."""

from html.parser import HTMLParser

from app.richtext.tidy import TAGS, VOID

ATTRIBUTES = set(
    """href target rel src alt style title align valign bgcolor dir lang width height border cellpadding
    cellspacing colspan rowspan span color face size start type value data-remote-src""".split()
)
DANGEROUS_STYLE = (
    "url",
    "(//",
    "expression",
    "position",
    "@",
    "\\",
    "/*",
    "behavior",
    "binding",
    ":-",
    "var(",
)


class Judge(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.fetched: list[str] = []
        self.depth = self.deepest = 0

    def handle_starttag(self, tag, attrs):
        if tag not in TAGS:
            self.faults.append(f"<{tag}>")
        self.depth += tag not in VOID
        self.deepest = max(self.depth, self.deepest)
        for name, value in attrs:
            self.judge(name, value or "")

    def handle_endtag(self, tag):
        self.depth -= 1

    def handle_comment(self, data):
        self.faults.append("comment")

    def judge(self, name: str, value: str) -> None:
        low = value.lower()
        if name not in ATTRIBUTES:
            self.faults.append(f"attribute {name}")
        if name == "href" and not low.startswith(("http://", "https://", "mailto:", "tel:")):
            self.faults.append(f"href {value}")
        if name == "src":
            self.fetched.append(value)
            if not low.startswith(
                ("cid:", "data:image/png", "data:image/gif", "data:image/jp", "data:image/webp")
            ):
                self.faults.append(f"src {value}")
        if name == "style" and any(word in low for word in DANGEROUS_STYLE):
            self.faults.append(f"style {value}")


def judged(html: str) -> Judge:
    judge = Judge()
    judge.feed(html)
    judge.close()
    return judge
