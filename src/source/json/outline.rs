//! The structure of JSON values without the values: which members objects have, what lists hold, and where text reads like sentences. Built while a file
//! is parsed, so that a document of any size takes little memory.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::source::column::likeness;

/// More members than this are no fields: their names are ids, and what they hold is told together.
const FIELDS: usize = 256;
/// Deeper values are not looked at.
const DEPTH: usize = 24;

/// What was seen at one place of the values.
#[derive(Debug, Default)]
pub(super) struct Outline {
    /// How many values are objects.
    pub(super) objects: u64,
    /// How many are lists.
    pub(super) lists: u64,
    /// How many are strings, numbers or booleans.
    pub(super) scalars: u64,
    /// How sentence-like its strings are, added up.
    pub(super) likeness: f64,
    /// The members of objects, in the order of first sight.
    pub(super) members: Vec<(String, Outline)>,
    /// All elements of lists together.
    pub(super) elements: Option<Box<Outline>>,
    /// The elements of the longest list.
    pub(super) length: u64,
    /// All members together, where there are more than [`FIELDS`]; how many.
    pub(super) many: Option<(u64, Box<Outline>)>,
}

impl Outline {
    /// The member of this name.
    pub(super) fn member(&self, name: &str) -> Option<&Self> {
        self.members
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, outline)| outline)
    }

    /// Whether all values here are lists of objects or lists.
    pub(super) fn is_list(&self) -> bool {
        self.lists > 0 && self.objects == 0 && self.scalars == 0
    }

    /// What is seen here and there, together.
    pub(super) fn add(&mut self, other: Self) {
        self.objects += other.objects;
        self.lists += other.lists;
        self.scalars += other.scalars;
        self.likeness += other.likeness;
        self.length = self.length.max(other.length);
        for (name, outline) in other.members {
            self.add_member(name, outline);
        }
        if let Some((count, outline)) = other.many {
            self.add_many(count, *outline);
        }
        if let Some(elements) = other.elements {
            self.elements.get_or_insert_default().add(*elements);
        }
    }

    fn add_member(&mut self, name: String, outline: Self) {
        if self.many.is_some() {
            return self.add_many(1, outline);
        }
        match self.members.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => known.add(outline),
            None => self.members.push((name, outline)),
        }
        if self.members.len() > FIELDS {
            for (_, outline) in std::mem::take(&mut self.members) {
                self.add_many(1, outline);
            }
        }
    }

    fn add_many(&mut self, count: u64, outline: Self) {
        let (all, known) = self.many.get_or_insert_default();
        *all += count;
        known.add(outline);
    }
}

impl<'de> Deserialize<'de> for Outline {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Look(0))
    }
}

/// Looks at a value this deep in a document.
struct Look(usize);

impl<'de> serde::de::DeserializeSeed<'de> for Look {
    type Value = Outline;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Outline, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Look {
    type Value = Outline;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Outline, E> {
        Ok(scalar(0.0))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Outline, E> {
        Ok(scalar(0.0))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Outline, E> {
        Ok(scalar(0.0))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Outline, E> {
        Ok(scalar(0.0))
    }

    fn visit_str<E>(self, text: &str) -> Result<Outline, E> {
        Ok(scalar(likeness(text).unwrap_or(0.0)))
    }

    fn visit_unit<E>(self) -> Result<Outline, E> {
        Ok(Outline::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Outline, A::Error> {
        let mut outline = Outline {
            lists: 1,
            ..Outline::default()
        };
        if self.0 >= DEPTH {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(outline);
        }
        while let Some(element) = list.next_element_seed(Look(self.0 + 1))? {
            outline.length += 1;
            outline.elements.get_or_insert_default().add(element);
        }
        Ok(outline)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Outline, A::Error> {
        let mut outline = Outline {
            objects: 1,
            ..Outline::default()
        };
        if self.0 >= DEPTH {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(outline);
        }
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(Look(self.0 + 1))?;
            outline.add_member(name, value);
        }
        Ok(outline)
    }
}

fn scalar(likeness: f64) -> Outline {
    Outline {
        scalars: 1,
        likeness,
        ..Outline::default()
    }
}
