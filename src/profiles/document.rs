//! The YAML text of a profiles file, with the line of each value.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;

use super::fault::Fault;

/// A parsed file.
pub(super) struct Document {
    /// The whole value.
    pub(super) value: Value,
    /// The names below `profiles`, in the order of the file.
    pub(super) names: Vec<String>,
    lines: HashMap<String, u64>,
}

impl Document {
    /// Parses YAML 1.2, of which JSON is a part.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let root: Spanned<Node> = serde_saphyr::from_str(text).map_err(|error| {
            let line = error.location().map(|place| place.line());
            Fault::new(what_is_wrong(&error.to_string()).to_owned()).at(line)
        })?;
        let names = match root.value.get("profiles") {
            Some(Node::Map(profiles)) => profiles.iter().map(|(name, _)| name.value.clone()).collect(),
            _ => Vec::new(),
        };
        let mut lines = HashMap::new();
        let value = flatten(root, "", &mut lines);
        Ok(Self { value, names, lines })
    }

    /// The line of the value at this path, or of the nearest one around it.
    pub(super) fn line(&self, path: &str) -> Option<u64> {
        let mut path = path;
        loop {
            if let Some(line) = self.lines.get(path) {
                return Some(*line);
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }
}

/// The message of the parser, without its place, which the fault has, and without advice for programmers.
fn what_is_wrong(said: &str) -> &str {
    let said = said.lines().next().unwrap_or("it is not YAML");
    let said = said.strip_prefix("error: ").unwrap_or(said);
    let is_place = |text: &str| text.starts_with("line ") && text.contains(" column ");
    let said = said.split_once(": ").filter(|(place, _)| is_place(place)).map_or(said, |(_, rest)| rest);
    said.split(", set DuplicateKeyPolicy").next().unwrap_or(said)
}

/// A value whose parts know their places.
enum Node {
    Scalar(Value),
    List(Vec<Spanned<Node>>),
    Map(Vec<(Spanned<String>, Spanned<Node>)>),
}

impl Node {
    fn get(&self, name: &str) -> Option<&Self> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find(|(key, _)| key.value == name).map(|(_, value)| &value.value)
    }
}

/// Adds a field to a path, in the form of `serde_path_to_error`.
pub(super) fn field(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn flatten(node: Spanned<Node>, path: &str, lines: &mut HashMap<String, u64>) -> Value {
    lines.entry(path.to_owned()).or_insert_with(|| node.referenced.line());
    match node.value {
        Node::Scalar(value) => value,
        Node::List(items) => {
            items.into_iter().enumerate().map(|(n, item)| flatten(item, &format!("{path}[{n}]"), lines)).collect()
        }
        Node::Map(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                let path = field(path, &key.value);
                lines.insert(path.clone(), key.referenced.line());
                map.insert(key.value, flatten(value, &path, lines));
            }
            Value::Object(map)
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Nodes)
    }
}

struct Nodes;

impl<'de> Visitor<'de> for Nodes {
    type Value = Node;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Scalar(Number::from_f64(value).map_or(Value::Null, Value::Number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Node::Map(map))
    }
}
