//! Contrastive conjunctions ("but", "aber", "mais") by language, read by [`super::units`].
//!
//! Some conjunctions have other uses in their language: Hungarian "de" is safe only after a comma, German "aber" is a particle in "das ist aber gut",
//! Czech "však" stands second. These split only after a comma, or not next to certain words.

/// The conjunctions of a language, all in lower case.
pub(super) struct Conjunctions {
    /// ISO 639-1.
    pub(super) languages: &'static [&'static str],
    /// Split at any position.
    pub(super) anywhere: &'static [&'static str],
    /// Split only right after a comma, semicolon or dash.
    pub(super) after_comma: &'static [&'static str],
    /// Words before the conjunction that make it something else: "nothing but".
    pub(super) not_after: &'static [&'static str],
    /// Words after the conjunction that make it an addition: "not only ... but also".
    pub(super) not_before: &'static [&'static str],
}

/// Languages without an entry have no conjunction that splits.
pub(super) const CONJUNCTIONS: &[Conjunctions] = &[
    Conjunctions {
        languages: &["en"],
        anywhere: &["but", "however", "although"],
        after_comma: &["though", "yet", "nevertheless", "unfortunately"],
        not_after: &[
            "nothing",
            "all",
            "anything",
            "none",
            "everything",
            "anyone",
            "choice",
            "option",
            "last",
            "cannot",
            "help",
        ],
        not_before: &["also"],
    },
    Conjunctions {
        languages: &["uk"],
        anywhere: &["але", "проте", "однак", "зате", "хоча"],
        after_comma: &["та", "а", "втім", "натомість"],
        not_after: &[],
        not_before: &["й", "і", "також"],
    },
    Conjunctions {
        languages: &["ru"],
        anywhere: &["но", "однако", "зато", "хотя"],
        after_comma: &["а", "впрочем"],
        not_after: &[],
        not_before: &["и", "также"],
    },
    Conjunctions {
        languages: &["bg"],
        anywhere: &["но", "обаче", "макар"],
        after_comma: &["ама", "а"],
        not_after: &[],
        not_before: &["и", "също"],
    },
    Conjunctions {
        languages: &["pt"],
        anywhere: &["mas", "porém", "contudo", "no entanto", "embora"],
        after_comma: &["só que", "todavia"],
        not_after: &[],
        not_before: &["também"],
    },
    Conjunctions {
        languages: &["es"],
        anywhere: &["pero", "sin embargo", "aunque"],
        after_comma: &["no obstante", "mas"],
        not_after: &[],
        not_before: &["también"],
    },
    Conjunctions {
        languages: &["fr"],
        anywhere: &["mais"],
        after_comma: &[
            "cependant",
            "toutefois",
            "pourtant",
            "néanmoins",
            "par contre",
            "en revanche",
            "bien que",
        ],
        not_after: &["non", "oui"],
        not_before: &["aussi", "également"],
    },
    Conjunctions {
        languages: &["it"],
        anywhere: &["ma", "tuttavia"],
        after_comma: &["però", "eppure", "anche se"],
        not_after: &[],
        not_before: &["anche"],
    },
    Conjunctions {
        languages: &["ro"],
        anywhere: &["dar", "însă", "insa"],
        after_comma: &["totuși", "totusi", "deși"],
        not_after: &["un", "mic"],
        not_before: &["și", "si"],
    },
    Conjunctions {
        languages: &["de"],
        anywhere: &["obwohl"],
        after_comma: &["aber", "jedoch", "doch", "allerdings", "leider"],
        not_after: &[],
        not_before: &[],
    },
    // Without a comma, "aber" is a conjunction unless it follows a verb or pronoun as a particle.
    Conjunctions {
        languages: &["de"],
        anywhere: &["aber"],
        after_comma: &[],
        not_after: &[
            "ist", "war", "sind", "waren", "bin", "bist", "wird", "wurde", "wurden", "hat", "hatte", "habe", "haben",
            "hatten", "kann", "muss", "musste", "soll", "will", "geht", "ging", "gibt", "gab", "kam", "kommt", "das",
            "es", "ich", "er", "sie", "wir", "man", "da", "jetzt", "dann", "nun", "oder", "leider", "hier", "mir",
            "mich", "uns", "sich",
        ],
        not_before: &[],
    },
    Conjunctions {
        languages: &["nl"],
        anywhere: &["maar", "hoewel"],
        after_comma: &["echter", "alleen"],
        not_after: &[
            "alleen", "nog", "zeg", "doe", "laat", "toch", "altijd", "zo", "was", "is", "kan", "ik", "kom", "ga",
            "maar",
        ],
        not_before: &["liefst", "een", "één", "weinig", "half", "twee", "ook", "1", "2"],
    },
    Conjunctions {
        languages: &["sv"],
        anywhere: &["men"],
        after_comma: &["dock", "fast"],
        not_after: &[],
        not_before: &["också"],
    },
    Conjunctions {
        languages: &["da", "nb"],
        anywhere: &["men"],
        after_comma: &["dog"],
        not_after: &[],
        not_before: &["også"],
    },
    Conjunctions {
        languages: &["pl"],
        anywhere: &["ale", "lecz", "natomiast"],
        after_comma: &["jednak", "jednakże", "za to", "niestety", "chociaż", "choć"],
        not_after: &[],
        not_before: &["i", "też", "także", "również"],
    },
    Conjunctions {
        languages: &["cs"],
        anywhere: &["ale"],
        after_comma: &["avšak", "však", "jenže", "bohužel"],
        not_after: &[],
        not_before: &["i", "také", "taky"],
    },
    Conjunctions {
        languages: &["sk"],
        anywhere: &["ale"],
        after_comma: &["avšak", "však", "lenže", "no", "žiaľ"],
        not_after: &[],
        not_before: &["aj", "i", "tiež"],
    },
    Conjunctions {
        languages: &["hu"],
        anywhere: &[],
        after_comma: &["de", "viszont", "azonban", "ám", "csak", "sajnos", "ugyanakkor"],
        not_after: &[],
        not_before: &["is"],
    },
    Conjunctions {
        languages: &["tr"],
        anywhere: &["ama", "fakat", "ancak", "lakin"],
        after_comma: &["yalnız", "maalesef"],
        not_after: &[],
        not_before: &["da", "de"],
    },
    Conjunctions {
        languages: &["hr", "sr", "sl", "bs"],
        anywhere: &["ali", "iako", "али", "иако", "ampak", "čeprav"],
        after_comma: &["no", "međutim", "а", "a", "но", "међутим", "vendar", "toda"],
        not_after: &[],
        not_before: &["i", "и", "tudi"],
    },
];
