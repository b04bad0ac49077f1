//! By which words do mail programs announce quoted mail and sign for the device? Tables only, all in lower case, read by
//! [`super::mail`]. Languages: en uk ru pt hu pl de es fr it nl cs sk sv da ro tr bg hr sr sl.

/// Verbs of "On ... wrote:".
pub(super) const WROTE: &[&str] = &[
    "wrote", "пише", "пишуть", "написав", "написала", "пишет", "написал", "написала", "escreveu", "escreveram", "írta",
    "napisał", "napisała", "pisze", "schrieb", "geschrieben", "escribió", "écrit", "scritto", "schreef", "geschreven", "napsal",
    "napsala", "napísal", "napísala", "skrev", "scris", "yazdı", "написа", "napisao", "napisala", "napisal",
];

/// What stands between dashes above an earlier message.
pub(super) const FORWARDED: &[&str] = &[
    "original message", "forwarded message", "оригінальне повідомлення", "вихідне повідомлення", "переслане повідомлення",
    "исходное сообщение", "пересылаемое сообщение", "пересланное сообщение", "mensagem original", "mensagem encaminhada",
    "eredeti üzenet", "továbbított üzenet", "oryginalna wiadomość", "wiadomość oryginalna", "wiadomość przekazana",
    "treść oryginalnej wiadomości", "ursprüngliche nachricht", "originalnachricht", "weitergeleitete nachricht",
    "mensaje original", "mensaje reenviado", "message d'origine", "message d’origine", "message original",
    "message transféré", "messaggio originale", "messaggio inoltrato", "oorspronkelijk bericht", "doorgestuurd bericht",
    "původní zpráva", "přeposlaná zpráva", "pôvodná správa", "ursprungligt meddelande", "oprindelig meddelelse",
    "mesaj original", "mesajul original", "orijinal mesaj", "özgün ileti", "оригинално съобщение", "izvorna poruka",
    "originalna poruka", "izvirno sporočilo",
];

/// The first field of a header block.
pub(super) const FROM: &[&str] = &[
    "from", "від", "от", "от кого", "de", "feladó", "od", "von", "da", "van", "från", "fra", "de la", "kimden", "gönderen",
];

/// Fields that follow the first one.
pub(super) const SENT_OR_SUBJECT: &[&str] = &[
    "sent", "date", "to", "cc", "subject", "надіслано", "дата", "кому", "тема", "отправлено", "копия", "enviado",
    "enviada", "enviada em", "data", "para", "assunto", "asunto", "elküldve", "dátum", "címzett", "tárgy", "wysłano",
    "wysłane", "do", "temat", "dw", "gesendet", "datum", "an", "betreff", "fecha", "envoyé", "à", "objet", "inviato", "a",
    "oggetto", "verzonden", "aan", "onderwerp", "odesláno", "komu", "předmět", "odoslané", "predmet", "skickat", "till",
    "ämne", "sendt", "til", "emne", "trimis", "către", "subiect", "gönderildi", "tarih", "kime", "konu", "изпратено", "до",
    "относно", "poslano", "za", "naslov",
];

/// What a device signature says; it must also name one of [`DEVICES`].
pub(super) const SENT_FROM: &[&str] = &[
    "sent from", "sent with", "sent via", "sent using", "get outlook", "надіслано з", "відправлено з", "надіслано через",
    "отправлено с", "отправлено из", "послано с", "enviado do", "enviado de", "enviada do", "enviado desde", "enviado a partir",
    "enviado através", "obter o outlook", "obtener outlook", "küldve", "wysłane z", "wysłano z", "wysłane za pomocą", "gesendet",
    "envoyé de", "envoyé depuis", "envoyé à partir", "télécharger outlook", "inviato da", "verstuurd vanaf", "verzonden vanaf",
    "verzonden met", "odesláno z", "odoslané z", "skickat från", "sendt fra", "trimis de pe", "gönderildi", "изпратено от",
    "poslano s", "poslano iz", "послато са", "poslato sa",
];

/// Devices and programs that sign by themselves.
pub(super) const DEVICES: &[&str] = &[
    "iphon", "айфон", "ipad", "android", "samsung", "galaxy", "huawei", "xiaomi", "redmi", "nokia", "blackberry", "outlook", "gmail",
    "yahoo", "mail.ru", "ukr.net", "mail app", "proton", "smartphone", "smartfon", "handy", "mobile", "mobil", "móvil",
    "celular", "cellulare", "téléphone", "telefon", "телефон", "смартфон", "windows phone", "thunderbird", "gmx", "web.de",
];
