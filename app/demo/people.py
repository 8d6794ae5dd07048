"""Who is in the demo: partners, organisations, queues and people. Data only."""

from dataclasses import dataclass, field

from app.policy import Role

DOMAIN = "worktrackr.example"


@dataclass(frozen=True)
class Someone:
    """A person; `key` is how tickets.toml calls them."""

    key: str
    name: str

    @property
    def email(self) -> str:
        return f"{self.key}@{DOMAIN}"


@dataclass(frozen=True)
class Company:
    """An organisation of the demo. Its queues are worked by everybody unless `private` names those who do."""

    slug: str
    name: str
    partner: str | None
    staff: dict[Someone, Role]
    queues: tuple[str, ...] = ()
    private: dict[str, tuple[str, ...]] = field(default_factory=dict)
    public_lists: tuple[str, ...] = ()


TOM, AMIRA, DANA = (
    Someone("tom", "Tom Fletcher"),
    Someone("amira", "Amira Haddad"),
    Someone("dana", "Dana Kowalski"),
)
JOE, PETRA = Someone("joe", "Joe Mensah"), Someone("petra", "Petra Lindqvist")
SAM, LUCIA = Someone("sam", "Sam Whitfield"), Someone("lucia", "Lucia Moretti")
WEN, NOOR = Someone("wen", "Wen Zhao"), Someone("noor", "Noor Rahman")
BETH, CALLUM = Someone("beth", "Beth Brightwater"), Someone("callum", "Callum Reid")

PARTNERS = {"brightwater": ("Brightwater IT", BETH), "meridian": ("Meridian Facilities", CALLUM)}

_DESK = {TOM: Role.STAFF, AMIRA: Role.STAFF, DANA: Role.MANAGER}

COMPANIES = (
    Company("harbour-dental", "Harbour Dental", "brightwater", _DESK, ("Projects",), {"Projects": ("dana",)}),
    Company("kestrel-law", "Kestrel Law", "brightwater", _DESK),
    Company("oakfield-school", "Oakfield School", "brightwater", _DESK),
    Company(
        "canal-street",
        "Canal Street Apartments",
        "meridian",
        {JOE: Role.STAFF, PETRA: Role.ADMIN},
        ("Inspections",),
    ),
    Company("northgate", "Northgate Retail Park", "meridian", {SAM: Role.STAFF, LUCIA: Role.MANAGER}),
    Company(
        "lantern",
        "Lantern Software",
        None,
        {WEN: Role.STAFF, NOOR: Role.ADMIN},
        ("Community list",),
        public_lists=("Community list",),
    ),
)
