//! Languages told by whole comments, by a word or two, by the file around them, and those outside the model.

use super::*;
use crate::text::LanguageSample;

#[test]
fn the_table_is_whole() {
    assert_eq!(TABLE.codes.len(), 41);
    assert!(TABLE.scale > 0.0 && TABLE.bias.iter().all(|bias| bias.is_finite()));
}

#[test]
fn real_comments_in_twenty_languages() {
    for (code, text) in [
        ("uk", "Дуже повільна доставка, більше не замовлятиму"),
        ("ru", "Очень медленная доставка, больше заказывать не буду"),
        ("bg", "Много бавна доставка, повече няма да поръчвам"),
        ("pt", "Entrega muito lenta, não volto a comprar aqui"),
        ("hu", "Nagyon lassú volt a szállítás, többet nem rendelek"),
        ("pl", "Bardzo wolna dostawa, więcej tu nie zamówię"),
        ("en", "Very slow delivery, I will not order again"),
        ("de", "Sehr langsame Lieferung, ich bestelle hier nicht mehr"),
        ("es", "Entrega muy lenta, no vuelvo a comprar aquí"),
        ("fr", "Livraison très lente, je ne commanderai plus ici"),
        ("it", "Consegna molto lenta, non ordinerò più qui"),
        ("nl", "Heel trage levering, ik bestel hier niet meer"),
        ("cs", "Velmi pomalé doručení, už tu nic neobjednám"),
        ("sk", "Veľmi pomalé doručenie, už tu nič neobjednám"),
        ("tr", "Kargo çok yavaştı, bir daha sipariş vermem"),
        ("sv", "Mycket långsam leverans, jag beställer inte igen"),
        ("da", "Meget langsom levering, jeg bestiller ikke her igen"),
        ("ro", "Livrare foarte lentă, nu mai comand de aici"),
        ("hr", "Vrlo spora dostava, više neću naručivati ovdje"),
        ("sl", "Zelo počasna dostava, tukaj ne bom več naročal"),
    ] {
        let found = language(text);
        assert!(found.code == code && found.confidence > 0.9, "{text} {found:?}");
    }
}

#[test]
fn a_word_or_two_tell_cousins_apart() {
    for (code, text) in [
        ("uk", "Дуже гарно"),
        ("uk", "мені сподобалось"),
        ("ru", "Очень вкусно"),
        ("ru", "спасибо"),
        ("bg", "Много добре"),
        ("pl", "polecam"),
        ("cs", "doporučuji"),
        ("sk", "veľmi dobre"),
        ("pt", "muito boa"),
        ("es", "muy buena"),
        ("it", "molto buono"),
        ("hu", "ajánlom"),
        ("sl", "zelo dobro"),
        ("da", "meget fint"),
        ("sv", "mycket fint"),
    ] {
        assert_eq!(language(text).code, code, "{text}");
    }
}

#[test]
fn typed_in_other_letters() {
    for (code, text) in [
        ("uk", "Dyakuyu, vse duzhe spodobalos"),
        ("ru", "Ochen plokhoe obsluzhivanie, nikomu ne sovetuyu"),
        ("uk", "та шо там з доставкою, вже третій день жду"),
    ] {
        assert_eq!(language(text).code, code, "{text}");
    }
}

#[test]
fn neighbours_outside_the_model_are_told_so() {
    for (code, text) in [
        ("be", "Вельмі дрэнны сэрвіс, грошы так і не вярнулі"),
        ("mk", "Многу лоша услуга, никој не ми одговори"),
        ("sr", "Веома љубазно особље, све препоруке"),
        ("kk", "Қызмет өте жақсы, рахмет"),
        ("lt", "Labai prastas aptarnavimas, daugiau neisiu"),
        ("lv", "Ļoti slikta apkalpošana, vairs nenākšu"),
        ("et", "Väga halb teenindus, rohkem ei tule"),
        ("fi", "Todella huono palvelu, en suosittele"),
        ("sq", "Shërbim shumë i keq, nuk e rekomandoj"),
        ("vi", "Dịch vụ quá tệ, tôi sẽ không quay lại"),
        ("az", "Xidmət çox pisdir, heç kimə məsləhət görmürəm"),
        ("ca", "El servei ha estat molt dolent, no hi tornaré"),
        ("no", "Veldig dårlig service, jeg kommer ikke tilbake"),
    ] {
        let found = language(text);
        assert!(found.code == code && found.confidence > 0.8, "{text} {found:?}");
    }
}

#[test]
fn the_file_is_evidence() {
    let detector = |comments: &[&str], locale: Option<&str>| {
        let mut sample = LanguageSample::default();
        comments.iter().for_each(|comment| sample.add(comment));
        Detector::new(&sample.prior(locale))
    };
    let portuguese = [
        "Muito bom",
        "Não recomendo a ninguém",
        "Adorei o atendimento",
        "A entrega demorou muito",
        "Ótimo",
        "Gostei bastante",
    ];
    let ukrainian = [
        "Дуже добре",
        "Ніхто не відповідає",
        "Гарне обслуговування",
        "Чекала на посилку тиждень",
        "Все сподобалось",
        "Жахливо",
    ];
    for text in ["Super", "Lento", "Nada", "Bonito", "Excelente"] {
        assert_eq!(detector(&portuguese, None).language(text).code, "pt", "{text}");
    }
    for text in ["Рекомендую", "Супер", "Норм", "Дорого"] {
        assert_eq!(detector(&ukrainian, None).language(text).code, "uk", "{text}");
    }
    // A whole sentence speaks for itself.
    assert_eq!(
        detector(&portuguese, None)
            .language("La entrega fue muy lenta y nadie contesta al teléfono")
            .code,
        "es"
    );
    assert_eq!(detector(&[], Some("pt")).language("Lento").code, "pt");
    assert_eq!(detector(&[], None).language("The service was excellent").code, "en");
}

#[test]
fn confidence_falls_with_the_evidence() {
    let (long, short) = (
        language("Очень медленная доставка, больше заказывать не буду"),
        language("норм"),
    );
    assert!(
        long.confidence > 0.9 && short.confidence < long.confidence,
        "{long:?} {short:?}"
    );
}

#[test]
fn other_scripts_and_no_letters() {
    assert_eq!(
        language("الخدمة سيئة جدا ولن أعود"),
        Language {
            code: "ar",
            confidence: 1.0
        }
    );
    assert_eq!(language("サービスがとても悪い").code, "ja");
    for text in ["", "123 :-)", "😡😡", "@user http"] {
        assert_eq!(language(text), UNDETERMINED, "{text}");
    }
}
