//! Where the records are in JSON. Input: the [`Outline`] of a document, and the path that the user names, if any. Output: a [`Shape`]. Of several lists
//! the one whose elements read like comments is taken, an outer one before the lists in its elements. Refuses to choose between two that read alike.

use super::outline::Outline;
use crate::source::identity;
use crate::source::names::{self, Hint};

/// A list of records is as likely as another from this share of its score on.
const CLOSE: f64 = 0.75;
/// Weight of text around a list whose name says nothing: the name of a hotel is no comment.
const HALF: f64 = 0.5;
/// Below this nothing in an element reads like a comment.
const ENOUGH: f64 = 0.08;
/// Lists of these names are parts of a record: what people said to one another, what hangs on a comment.
#[rustfmt::skip]
const PARTS: &[&str] = &[
    "messages", "turns", "utterances", "conversation", "dialog", "dialogue", "events", "thread", "media", "photos", "images", "pictures", "videos",
    "attachments", "files", "links", "tags", "labels", "categories", "badges", "custom_fields", "customfields",
];
/// Names of a list of column names, and of the rows that belong to it.
const HEADERS: [&str; 6] = ["columns", "cols", "headers", "header", "fields", "column_names"];
const ROWS: [&str; 4] = ["data", "rows", "values", "records"];

/// Where the records are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Shape {
    /// The path from list to list: names of members to the first list, from its elements to the next, and so on. Empty: a value is a record.
    pub(super) lists: Vec<Vec<String>>,
    /// The last of these is no list but an object whose members are the records.
    pub(super) keyed: bool,
    /// Records are lists themselves; their columns are called by the list at this path, or by the first of them.
    pub(super) rows: Option<Header>,
    /// The document has a list, or an object by row number, for each column.
    pub(super) column_wise: bool,
}

/// Where the names of the columns are when records are lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Header {
    /// In the list at this path from the top.
    At(Vec<String>),
    /// In the first record.
    First,
}

/// Why there is no one list of records.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unclear {
    /// Several lists read alike; each with its number of elements.
    Several(Vec<(String, u64)>),
    /// The path of the user leads to no list; these would.
    NoSuchList(Vec<String>),
}

impl Shape {
    /// The path as the user would write it.
    pub(super) fn path(&self) -> String {
        self.lists.concat().join(".")
    }
}

/// A list that can be the records.
struct List {
    shape: Shape,
    length: u64,
    score: f64,
}

/// The records of documents with this outline. `lone` says that there is one document, which then is hardly a record itself.
pub(super) fn shape(outline: &Outline, lone: bool, asked: Option<&str>) -> Result<Shape, Unclear> {
    let mut lists = Vec::new();
    find(outline, &mut Shape::default(), lone, &mut lists);
    if let Some(asked) = asked {
        let wanted = asked.trim_matches(['.', '$', '/']);
        let names = || lists.iter().map(|list| list.shape.path()).collect();
        return lists
            .iter()
            .find(|list| list.shape.path() == wanted)
            .map(|list| list.shape.clone())
            .ok_or_else(|| Unclear::NoSuchList(names()));
    }
    if lone && let Some(shape) = table(outline, &[]) {
        return Ok(shape);
    }
    // The document itself, or each element of the one list that it is.
    let own = if outline.is_list() {
        outline.elements.as_deref()
    } else {
        Some(outline)
    };
    let own = own.filter(|own| own.objects > 0).map_or(0.0, |own| score(own, HALF));
    let plain = Shape {
        lists: if outline.is_list() {
            vec![Vec::new()]
        } else {
            Vec::new()
        },
        ..Shape::default()
    };
    lists.retain(|list| list.shape != plain);
    lists.retain(|list| {
        list.shape
            .lists
            .last()
            .and_then(|names| names.last())
            .is_none_or(|name| !is_part(name))
    });
    // A lone object is a record only if it reads much more like one than what its lists hold.
    let share = if lone && !outline.is_list() { 2.0 } else { 0.5 };
    let mut likely: Vec<&List> = lists
        .iter()
        .filter(|list| list.score >= ENOUGH && own < share * list.score)
        .collect();
    // An outer list comes before the lists in its elements, unless only these have text.
    let within = |inner: &List, outer: &List| {
        inner.shape.lists.len() > outer.shape.lists.len() && inner.shape.lists.starts_with(&outer.shape.lists)
    };
    let all = likely.clone();
    likely.retain(|list| {
        let is_part = all
            .iter()
            .any(|outer| within(list, outer) && outer.score >= 0.4 * list.score);
        let is_page = all
            .iter()
            .any(|inner| within(inner, list) && list.score < 0.4 * inner.score);
        !is_part && !is_page
    });
    likely.sort_by(|a, b| b.score.total_cmp(&a.score));
    match likely.as_slice() {
        [best, second, ..] if second.score >= CLOSE * best.score => Err(Unclear::Several(
            likely.iter().map(|list| (list.shape.path(), list.length)).collect(),
        )),
        [best, ..] => Ok(best.shape.clone()),
        [] if lone && own < ENOUGH && !outline.is_list() => {
            let outer: Vec<&List> = lists
                .iter()
                .filter(|list| !lists.iter().any(|outer| within(list, outer)))
                .collect();
            match outer.as_slice() {
                [only] => Ok(only.shape.clone()),
                [] => Ok(plain),
                several => Err(Unclear::Several(
                    several.iter().map(|list| (list.shape.path(), list.length)).collect(),
                )),
            }
        }
        [] => Ok(plain),
    }
}

/// Collects the lists of objects (or of lists) in a value, and the objects whose members are records.
fn find(outline: &Outline, at: &mut Shape, lone: bool, found: &mut Vec<List>) {
    let mut add = |shape: Shape, elements: &Outline, length: u64| {
        found.push(List {
            score: score(elements, 1.0),
            shape,
            length,
        });
    };
    if outline.is_list() {
        let Some(elements) = outline.elements.as_deref() else {
            return;
        };
        if at.lists.is_empty() {
            at.lists.push(Vec::new());
        }
        if elements.objects > 0 && elements.lists == 0 {
            add(at.clone(), elements, outline.length);
            // A new part of the path, from the elements on.
            at.lists.push(Vec::new());
            inside(elements, at, false, found);
            at.lists.pop();
        } else if elements.is_list() && elements.elements.as_deref().is_some_and(|inner| inner.objects > 0) {
            at.lists.push(Vec::new());
            find(elements, at, false, found);
            at.lists.pop();
        } else if elements.is_list() {
            let rows = Some(Header::First);
            add(Shape { rows, ..at.clone() }, elements, outline.length);
        }
    } else if outline.objects > 0 && outline.lists == 0 {
        if lone && let Some((elements, length)) = records_by_key(outline) {
            let mut shape = Shape {
                keyed: true,
                ..at.clone()
            };
            if shape.lists.is_empty() {
                shape.lists.push(Vec::new());
            }
            add(shape, elements, length);
        }
        inside(outline, at, lone, found);
    }
}

/// Collects the lists in the members of objects.
fn inside(outline: &Outline, at: &mut Shape, lone: bool, found: &mut Vec<List>) {
    for (name, member) in &outline.members {
        if at.lists.is_empty() {
            at.lists.push(Vec::new());
        }
        let depth = at.lists.len();
        if let Some(last) = at.lists.last_mut() {
            last.push(name.clone());
        }
        find(member, at, lone, found);
        at.lists.truncate(depth);
        if let Some(last) = at.lists.last_mut() {
            last.pop();
        }
    }
}

/// Whether a list of this name is part of a record.
fn is_part(name: &str) -> bool {
    PARTS.contains(&name.to_lowercase().as_str()) || names::hint(name) == Hint::Reply
}

/// How much the best member of records reads like comments where it is filled, by its values and its name; members of lists in them do not count.
/// `open` is the weight of a name that says nothing.
fn score(outline: &Outline, open: f64) -> f64 {
    fn best(outline: &Outline, open: f64, is_member: bool) -> f64 {
        let members = outline.members.iter().map(|(name, member)| {
            let own = member.likeness / member.scalars.max(1) as f64;
            let deeper = if member.lists == 0 {
                best(member, 1.0, true)
            } else {
                0.0
            };
            let weight = match names::hint(name) {
                // Feeds write every value as {"label": ...}.
                _ if is_member && name == "label" => 1.0,
                Hint::Open => open,
                hint => hint.weight(),
            };
            own.max(deeper) * weight
        });
        members.fold(0.0, f64::max)
    }
    let cells = outline.elements.as_deref().filter(|_| outline.objects == 0);
    match cells {
        Some(cells) => cells.likeness / outline.lists.max(1) as f64,
        None => best(outline, open, false),
    }
}

/// The records of an object whose members are records called by their ids.
fn records_by_key(outline: &Outline) -> Option<(&Outline, u64)> {
    if let Some((count, records)) = &outline.many {
        return (records.objects == *count && records.objects > 0).then_some((records, *count));
    }
    let [(_, first), rest @ ..] = outline.members.as_slice() else {
        return None;
    };
    let is_record =
        |member: &Outline| member.objects > 0 && member.lists == 0 && member.scalars == 0 && !member.members.is_empty();
    // They have the same members, at least half of them.
    let alike = |member: &Outline| {
        let shared = member
            .members
            .iter()
            .filter(|(name, _)| first.member(name).is_some())
            .count();
        2 * shared >= member.members.len().max(first.members.len())
    };
    let are_records =
        !rest.is_empty() && is_record(first) && rest.iter().all(|(_, member)| is_record(member) && alike(member));
    are_records.then_some((first, outline.members.len() as u64))
}

/// A document that is one table: a list for each column, an object by row number for each column, or columns and rows apart.
fn table(outline: &Outline, path: &[String]) -> Option<Shape> {
    let called = |names: &[&str]| {
        outline
            .members
            .iter()
            .find(|(name, _)| names.contains(&name.to_lowercase().as_str()))
    };
    let of_lists = |member: &Outline| member.is_list() && member.elements.as_deref().is_some_and(Outline::is_list);
    if let (Some((header, names)), Some((rows, lists))) = (called(&HEADERS), called(&ROWS))
        && names.is_list()
        && of_lists(lists)
    {
        let at = |name: &String| path.iter().chain([name]).cloned().collect::<Vec<_>>();
        return Some(Shape {
            lists: vec![at(rows)],
            rows: Some(Header::At(at(header))),
            ..Shape::default()
        });
    }
    if outline.members.len() == 1
        && let Some((name, member)) = outline.members.first()
        && path.len() < 4
    {
        let path: Vec<String> = path.iter().chain([name]).cloned().collect();
        return table(member, &path);
    }
    let column_wise = path.is_empty() && outline.members.len() >= 2 && (are_lists(outline) || are_columns(outline));
    column_wise.then(|| Shape {
        column_wise,
        ..Shape::default()
    })
}

/// Every member is a list of as many values.
fn are_lists(outline: &Outline) -> bool {
    let length = outline.members.first().map_or(0, |(_, member)| member.length);
    let of_values = |member: &Outline| {
        member.is_list()
            && member
                .elements
                .as_deref()
                .is_some_and(|e| e.objects == 0 && e.lists == 0)
    };
    length > 0
        && outline
            .members
            .iter()
            .all(|(_, member)| of_values(member) && member.length == length)
}

/// Every member is an object of values by row; not an object of records by id.
fn are_columns(outline: &Outline) -> bool {
    let of_values = |member: &Outline| {
        let values = match &member.many {
            Some((_, values)) => values.objects == 0 && values.lists == 0,
            None => {
                !member.members.is_empty()
                    && member
                        .members
                        .iter()
                        .all(|(_, value)| value.objects == 0 && value.lists == 0)
            }
        };
        member.objects == 1 && values
    };
    if !outline.members.iter().all(|(_, member)| of_values(member)) {
        return false;
    }
    let Some((_, first)) = outline.members.first() else {
        return false;
    };
    if first.many.is_some() {
        return true;
    }
    // Same rows in every column.
    let same = |member: &Outline| {
        member.members.len() == first.members.len()
            && member.members.iter().all(|(name, _)| first.member(name).is_some())
    };
    if !outline.members.iter().all(|(_, member)| same(member)) {
        return false;
    }
    let columns: Vec<&str> = outline.members.iter().map(|(name, _)| name.as_str()).collect();
    let rows: Vec<&str> = first.members.iter().map(|(name, _)| name.as_str()).collect();
    let numbers = |names: &[&str]| names.iter().all(|name| name.bytes().all(|b| b.is_ascii_digit()));
    match (numbers(&columns), numbers(&rows)) {
        (false, true) => true,
        (true, false) => false,
        _ => {
            let fields = |names: &[&str]| names.iter().filter(|name| is_field(name)).count();
            match fields(&columns).cmp(&fields(&rows)) {
                std::cmp::Ordering::Equal => rows.len() > columns.len(),
                more => more.is_gt(),
            }
        }
    }
}

/// Whether a name is one that columns have.
fn is_field(name: &str) -> bool {
    names::hint(name) != Hint::Open
        || names::is_rating(name)
        || names::time_rank(name).is_some()
        || identity::own_id_rank(name).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str, lone: bool) -> Result<Shape, Unclear> {
        let mut outline = Outline::default();
        for value in serde_json::Deserializer::from_str(json).into_iter::<Outline>() {
            outline.add(value.unwrap());
        }
        shape(&outline, lone, None)
    }

    fn path(json: &str) -> String {
        of(json, true).unwrap().path()
    }

    #[test]
    fn the_list_that_reads_like_comments_is_found() {
        assert_eq!(
            path(r#"{"data":[{"id":1,"comment":"we waited an hour"}],"meta":{"next":null}}"#),
            "data"
        );
        assert_eq!(
            path(r#"{"result":{"status":"ok","items":[{"comment":"we waited an hour"}]}}"#),
            "result.items"
        );
        assert_eq!(
            path(r#"{"message":"Request was successful","data":[{"comment":"the courier was rude"}]}"#),
            "data"
        );
        assert_eq!(
            path(r#"{"tickets":[{"subject":"card was charged twice by mistake"}],"users":[{"name":"Jane Doe"}]}"#),
            "tickets",
            "names are no comments"
        );
        assert_eq!(
            path(r#"{"data":{"reviews":{"edges":[{"node":{"text":"we waited an hour"}}]}}}"#),
            "data.reviews.edges"
        );
        assert_eq!(
            path(r#"{"hotels":[{"name":"Blue","reviews":[{"text":"the room was far too small"}]}]}"#),
            "hotels.reviews",
            "only the inner list has text"
        );
        assert_eq!(
            path(
                r#"{"reviews":[{"text":"the room was far too small","replies":[{"text":"we are so sorry for that"}]}]}"#
            ),
            "reviews"
        );
        assert_eq!(
            path(
                r#"{"feed":{"link":[{"a":"x"}],"entry":[{"link":[{"a":"y"}],"content":{"label":"we waited an hour"}}]}}"#
            ),
            "feed.entry"
        );
        assert_eq!(
            path(r#"{"count":0,"reviews":[{"stars":1}]}"#),
            "reviews",
            "the only list"
        );
    }

    #[test]
    fn what_is_a_record_stays_one() {
        let ticket = r#"{"id":1,"comment":"a long complaint about a parcel that never came and nobody who would help","tags":[{"name":"late one"}]}"#;
        assert_eq!(of(ticket, true).unwrap(), Shape::default());
        let chat = r#"{"id":1,"messages":[{"text":"the room was far too small"}]} {"id":2,"messages":[]}"#;
        assert_eq!(of(chat, false).unwrap(), Shape::default());
        let sparse =
            r#"{"text":"","photos":[]} {"text":"slow","photos":[{"caption":"the table that we had to wait for"}]}"#;
        assert_eq!(of(sparse, false).unwrap(), Shape::default());
        let answered = r#"{"text":"slow","replies":[{"text":"we are so sorry for the time you had to wait"}]} {"text":"ok","replies":[]}"#;
        assert_eq!(of(answered, false).unwrap(), Shape::default());
        let pages = r#"{"page":1,"data":[{"text":"the room was far too small"}]} {"page":2,"data":[]}"#;
        assert_eq!(of(pages, false).unwrap().path(), "data");
    }

    #[test]
    fn two_lists_that_read_alike_are_the_users_choice() {
        let json =
            r#"{"praise":[{"text":"the room was far too nice"}],"blame":[{"text":"the room was far too small"}]}"#;
        let several = vec![("praise".to_owned(), 1), ("blame".to_owned(), 1)];
        assert_eq!(of(json, true), Err(Unclear::Several(several)));
        let outline: Outline = serde_json::from_str(json).unwrap();
        assert_eq!(shape(&outline, true, Some("blame")).unwrap().path(), "blame");
        let lists = vec!["praise".to_owned(), "blame".to_owned()];
        assert_eq!(shape(&outline, true, Some("blam")), Err(Unclear::NoSuchList(lists)));
    }

    #[test]
    fn records_by_id_and_columns_are_told_apart() {
        assert!(
            of(
                r#"{"1":{"id":1,"comment":"good tea"},"2":{"id":2,"comment":"bad tea"}}"#,
                true
            )
            .unwrap()
            .keyed
        );
        assert!(
            of(
                r#"{"-Mx":{"comment":"good tea","stars":1},"-My":{"comment":"bad tea","stars":2}}"#,
                true
            )
            .unwrap()
            .keyed
        );
        assert!(
            of(r#"{"id":{"0":1,"1":2},"comment":{"0":"good tea","1":"bad tea"}}"#, true)
                .unwrap()
                .column_wise
        );
        assert!(
            of(
                r#"{"stars":{"a1":1,"a2":2},"comment":{"a1":"good tea","a2":"bad tea"}}"#,
                true
            )
            .unwrap()
            .column_wise
        );
        assert!(
            of(r#"{"id":[1,2],"comment":["good tea","bad tea"]}"#, true)
                .unwrap()
                .column_wise
        );
        let split = of(
            r#"{"columns":["id","comment"],"index":[0,1],"data":[[1,"good tea"],[2,"bad tea"]]}"#,
            true,
        )
        .unwrap();
        assert_eq!(
            (split.path().as_str(), split.rows),
            ("data", Some(Header::At(vec!["columns".to_owned()])))
        );
        let sheet = of(
            r#"{"range":"A1:B3","values":[["id","comment"],["1","good tea"]]}"#,
            true,
        )
        .unwrap();
        assert_eq!((sheet.path().as_str(), sheet.rows), ("values", Some(Header::First)));
    }
}
