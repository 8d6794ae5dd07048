"""How mail programs, in many languages, announce that what follows is quoted."""

from __future__ import annotations

import re

# Patterns see one line of at most 300 characters, so their cost is bounded whatever they are given.
MAX_LINE = 300

# Our own line above a notification's text; whatever language it is in, its edges are the same.
OWN_SEPARATOR = re.compile(r"^[\s>]{0,40}##-.{0,250}-##\s*$")

_ORIGINAL = (
    "original message|original appointment|reply message|ursprüngliche nachricht|originalnachricht"
    "|ursprünglicher termin|message d'origine|message original|mensaje original|messaggio originale"
    "|oorspronkelijk bericht|mensagem original|oryginalna wiadomość|wiadomość oryginalna"
    "|ursprungligt meddelande|originalmeddelande|oprindelig meddelelse|opprinnelig melding"
    "|alkuperäinen viesti|původní zpráva|původní e-mail|eredeti üzenet|исходное сообщение|原始邮件|原始郵件"
)
ORIGINAL_MESSAGE = re.compile(rf"^[\s>]{{0,40}}[-_]{{2,20}}\s?(?:{_ORIGINAL})\s?[-_]{{2,20}}\s*$", re.I)

# A forward is what its sender wants us to read: it ends the search for quotes.
FORWARDED = re.compile(
    r"^[\s>]{0,40}(?:[-_]{2,20}\s?)?(?:forwarded message|begin forwarded message|weitergeleitete nachricht"
    r"|anfang der weitergeleiteten (?:nachricht|e-mail)|message transféré|début du message (?:transféré|réexpédié)"
    r"|mensaje reenviado|inicio del mensaje reenviado|messaggio inoltrato|inizio messaggio inoltrato"
    r"|doorgestuurd bericht|mensagem encaminhada|início da mensagem encaminhada|przekazana wiadomość"
    r"|vidarebefordrat (?:meddelande|brev)|videresendt (?:besked|melding|meddelelse)|välitetty viesti"
    r"|přeposlaná zpráva)\s?:?(?:\s?[-_]{2,20})?\s*$",
    re.I,
)

# First word of an attribution, and what ends it: "On 3 May 2024 at 10:11, Ann <ann@x> wrote:".
_STARTS = (
    "on|am|le|el|il|op|em|a|w dniu|dnia|den|på|d\\.|dne|ke|ma|ti|to|pe|la|su|the|il giorno|il giorno|in data"
    "|em (?:seg|ter|qua|qui|sex|sáb|dom)|lun|mar|mer|jeu|ven|sam|dim|mån|tis|ons|tors|fre|lør|søn|lör|sön"
)
ATTRIBUTION_START = re.compile(rf"^[>\s]{{0,10}}(?:{_STARTS})[\s,.]", re.I)
ATTRIBUTION_END = re.compile(
    r"(?:wrote|writes|schrieb|schrieb am .{3,80}|hat geschrieben|folgendes geschrieben|a écrit|écrit|escribió"
    r"|ha scritto|scrive|schreef|schreef het volgende|heeft geschreven|geschreven|escreveu|napisał"
    r"|napisał\(a\)|napisała|pisze|skrev|skrev følgende|skrev följande|kirjoitti|napsal|napsala|napsal\(a\)"
    r"|написал|ezt írta|tarihinde .{1,80} yazdı|写道|寫道|のメッセージ)"
    r"(?:\s(?:dans le message|im beitrag|am|op|le|il|on)\s.{1,100})?\s{0,3}[:：]\s*$",
    re.I,
)
# "Am 3. Mai 2024 schrieb Ann <ann@x>:", "Den 3 maj skrev Ann:": the verb stands before the name.
ATTRIBUTION_VERB = re.compile(
    r"\b(?:schrieb|schreef|skrev|wrote|napsal|odesílatel|escribió|escreveu|pisze)\s.{2,150}[:：]\s*$", re.I
)
# "2024-05-03 10:11 GMT+02:00 Ann <ann@x>:" and Chinese "在 2024年5月3日,ann <ann@x> 写道:".
DATED_SENDER = re.compile(
    r"^[>\s]{0,10}(?:在\s?)?\d{4}[-/年]\d{1,2}[-/月]\d{1,2}.{0,150}[<(].{1,120}@.{1,120}[>)]\s{0,3}.{0,10}[:：]\s*$"
)

# Outlook's block of header lines, by the meaning of each line.
_FROM = "from|von|de|da|van|od|från|fra|lähettäjä|expéditeur|remitente|mittente|afzender|feladó|发件人|寄件者|差出人"
_OTHERS = (
    "sent|date|to|cc|subject|gesendet|datum|an|betreff|envoyé|à|objet|enviado(?: el)?|fecha|para|asunto"
    "|inviato|data|a|oggetto|verzonden|aan|onderwerp|enviada(?: em)?|assunto|wysłano|do|temat|skickat|till"
    "|ämne|sendt|til|emne|dato|lähetetty|vastaanottaja|aihe|päivämäärä|päiväys|odesláno|komu|předmět|kopie|kopia"
    "|发送时间|收件人|主题|日期"
)
HEADER_FROM = re.compile(
    rf"^[>\s]{{0,10}}[*_]{{0,2}}(?:{_FROM})\s?[*_]{{0,2}}[:：][*_]{{0,2}}\s{{0,5}}\S", re.I
)
HEADER_OTHER = re.compile(rf"^[>\s]{{0,10}}[*_]{{0,2}}(?:{_OTHERS})\s?[*_]{{0,2}}[:：][*_]{{0,2}}", re.I)
RULE = re.compile(r"^[\s>]{0,10}[_\-—]{5,100}\s*$")
SIGNATURE = re.compile(r"^--\s?$")
