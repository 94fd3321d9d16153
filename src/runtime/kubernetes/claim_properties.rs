//! What holds for the annotations of every claim.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::PersistentVolumeClaim;

use super::claim::{PREFIX, Record, annotations};
use super::names;

/// A readable record is written as it was read. `data` is a JSON object: the annotations, without their prefix.
pub(crate) fn claim(data: &[u8]) {
    let Ok(given) = serde_json::from_slice::<BTreeMap<String, String>>(data) else { return };
    let given = given.into_iter().map(|(name, value)| (format!("{PREFIX}{name}"), value)).collect();
    let Ok(record) = read(given) else { return };
    let written = annotations(&record.spec, &record.memo, record.wanted, record.run);
    let written: BTreeMap<_, _> = written.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    if record.beyond_us().is_some() {
        return;
    }
    let parts = |record: Record| (record.spec, record.memo, record.wanted, record.run);
    assert_eq!(read(written).map(parts), Ok(parts(record)));
}

/// Reads annotations, of a claim that has the name of its key.
fn read(annotations: BTreeMap<String, String>) -> Result<Record, String> {
    let mut claim = PersistentVolumeClaim::default();
    claim.metadata.annotations = Some(annotations);
    claim.metadata.name = Record::id_in(&claim).map(names::object_name);
    Record::read(&claim)
}
