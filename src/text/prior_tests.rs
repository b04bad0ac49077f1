//! The prior depends on which texts there are, and on nothing else.

use super::*;
use proptest::prelude::*;

fn prior(texts: &[String]) -> LanguagePrior {
    let mut sample = LanguageSample::default();
    texts.iter().for_each(|text| sample.add(text));
    sample.prior(None)
}

fn comments(count: usize) -> Vec<String> {
    let kinds = [
        "A entrega demorou demais, pedido",
        "The parcel came too late, order",
        "Посилка прийшла запізно, замовлення",
    ];
    (0..count).map(|n| format!("{} {n}", kinds[n % 3])).collect()
}

#[test]
fn order_and_repetition_do_not_matter() {
    let texts = comments(3000);
    let expected = prior(&texts);
    let reversed: Vec<String> = texts.iter().rev().chain(&texts[..500]).cloned().collect();
    assert_eq!(prior(&reversed), expected);
    for code in ["pt", "en", "uk"] {
        assert!((expected.share(code) - 1.0 / 3.0).abs() < 0.05, "{code} {expected:?}");
    }
}

#[test]
fn the_record_says_what_was_used() {
    let prior = prior(&comments(99));
    let record = prior.to_string();
    assert_eq!(serde_json::to_string(&prior).expect("JSON"), record);
    let read: LanguagePrior = serde_json::from_str(&record).expect("a prior");
    assert_eq!(read, prior);
    assert_eq!(read.logarithms(), prior.logarithms());
    assert!(LanguagePrior::default().is_empty() && LanguageSample::default().prior(None).is_empty());
}

#[test]
fn memory_is_bounded() {
    let mut sample = LanguageSample::default();
    comments(5000).iter().for_each(|text| sample.add(text));
    sample.add("123");
    assert_eq!(sample.0.len(), SAMPLE);
}

proptest! {
    #[test]
    fn any_texts_have_a_prior(texts in proptest::collection::vec(any::<String>(), 0..20)) {
        let logarithms = prior(&texts).logarithms();
        prop_assert!(logarithms.iter().all(|log| log.is_finite()));
        let sum: f32 = logarithms.iter().map(|log| log.exp()).sum();
        prop_assert!((sum - 1.0).abs() < 0.02, "{}", sum);
    }
}
