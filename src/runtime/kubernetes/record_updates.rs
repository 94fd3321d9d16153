//! Changes of a session's record in the API server.

use k8s_openapi::api::core::v1::PersistentVolumeClaim;

use super::api_server::{ApiError, asked};
use super::claim::{self, Record, RecordUpdate};
use super::{ATTEMPTS, Inner, names};
use crate::session::SessionId;

impl Inner {
    /// Changes a record in one step, with retries on conflicts. `None` from `update_record` means no change.
    pub(super) async fn update_record(
        &self,
        id: SessionId,
        mut update_record: impl FnMut(&Record) -> Option<RecordUpdate> + Send,
    ) -> Result<Option<Record>, ApiError> {
        let Some(turn) = self.cache.read(id, |cached| cached.turn.clone()) else { return Ok(None) };
        let _turn = turn.lock().await;
        let name = names::object_name(id);
        for _ in 0..ATTEMPTS {
            let Some(record) = self.cache.record(id) else { return Ok(None) };
            if let Some(why) = record.beyond_us() {
                return Err(ApiError::Newer(why));
            }
            let Some(updated) = update_record(&record) else { return Ok(Some(record)) };
            let new = claim::changes(&record, &updated, jiff::Timestamp::now());
            if new.is_empty() {
                return Ok(Some(record));
            }
            match self.cluster.annotate(&name, &record.resource_version, serde_json::json!(new)).await {
                Ok(claim) => return self.accept(&claim).map(Some),
                Err(ApiError::Conflict(_)) => {
                    let claim = asked(self.cluster.claims.get(&name)).await?;
                    self.accept(&claim)?;
                }
                Err(ApiError::Missing) => {
                    self.cache.forget_record(id, &record.uid);
                    return Ok(None);
                }
                Err(error) => return Err(error),
            }
        }
        Err(ApiError::Passing("other writers changed the session's record at every attempt".to_owned()))
    }

    pub(super) fn accept(&self, claim: &PersistentVolumeClaim) -> Result<Record, ApiError> {
        let record = Record::read(claim).map_err(ApiError::Final)?;
        self.cache.learn_record(record.clone());
        Ok(record)
    }
}
